package store

import (
	"maps"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// Drop removes effects from the outbox without making them. If one of them opens a task, Drop also removes the effects
// that wait for that task. A specialist's letter leaves a remark, which the next pass adds to the task: the specialist
// believes that the letter was sent, or has read that it waits. Drop returns the number of removed effects, and how
// many of those were not named by the caller.
func (s Outbox) Drop(now time.Time, seqs ...uint64) (n, behind int, err error) {
	err = s.update(func(tx txn) error {
		lost, err := doomed(tx, seqs)
		if err != nil {
			return err
		}
		for _, seq := range slices.Sorted(maps.Keys(lost)) {
			why := "dropped by hand"
			if !slices.Contains(seqs, seq) {
				why += ": its task was dropped"
				behind++
			}
			remarks, err := s.dropped(tx, now, lost[seq])
			if err != nil {
				return err
			}
			if err := discard(tx, now, lost[seq], why); err != nil {
				return err
			}
			if err := enqueue(tx, now, 0, "", remarks, time.Time{}); err != nil {
				return err
			}
		}
		n = len(lost)
		return nil
	})
	return n, behind, err
}

// dropped returns the remark about a dropped letter, if there is one.
func (s Outbox) dropped(tx txn, now time.Time, p desk.Pending) ([]desk.Effect, error) {
	if p.Effect.Kind != desk.SendLetter {
		return nil, nil
	}
	var e desk.Effect
	if _, err := get(tx, bEffects, number(p.Seq), &e); err != nil {
		return nil, err
	}
	t, err := ticket(tx, e.Ticket)
	if err != nil {
		return nil, err
	}
	if remark, ok := desk.Dropped(e, &t, s.signer, now); ok {
		return []desk.Effect{remark}, nil
	}
	return nil, nil
}

// doomed returns the entries with these numbers, and for those that open a task also the entries that wait for it.
func doomed(tx txn, seqs []uint64) (map[uint64]desk.Pending, error) {
	lost := map[uint64]desk.Pending{}
	for _, seq := range seqs {
		p, err := peek(tx, seq)
		if err != nil {
			return nil, err
		}
		lost[seq] = p
		if p.Effect.Kind != desk.OpenTask {
			continue
		}
		err = each(tx, bOutbox, func(_ []byte, e entry) error {
			if e.Ticket == p.Effect.Ticket && e.Seq > seq {
				lost[e.Seq] = e.pending()
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return lost, nil
}

// discard removes one entry. A ticket whose task will never be opened gets no more comments, as if its task had been
// deleted.
func discard(tx txn, now time.Time, p desk.Pending, why string) error {
	step := desk.Step{At: now, What: "not " + string(p.Effect.Kind), Key: p.Effect.Key, Note: why}
	if err := note(tx, p.Effect.Ticket, step); err != nil {
		return err
	}
	if p.Effect.Kind == desk.OpenTask {
		if err := learn(tx, p, desk.Result{Gone: true}); err != nil {
			return err
		}
	}
	return remove(tx, p.Seq)
}
