package store

import (
	"maps"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// Drop removes effects from the outbox without making them. If one of them opens a task, Drop also removes the effects
// that wait for that task. It returns the number of removed effects, and how many of those were not named by the
// caller.
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
			if err := discard(tx, now, lost[seq], why); err != nil {
				return err
			}
		}
		n = len(lost)
		return nil
	})
	return n, behind, err
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
		err = eachEntry(tx, func(e entry) error {
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
