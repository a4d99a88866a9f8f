package store

import (
	"maps"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// Drop takes effects out of the outbox unmade, and with the opening of a task all that waits for it: there will be no
// task to comment or to write of. It returns how many, and how many of them were not named.
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

// doomed returns the entries of these numbers, and those that wait for a task among them.
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

// discard takes one entry out. A ticket whose task is never made takes nothing more, like one whose task was deleted.
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
