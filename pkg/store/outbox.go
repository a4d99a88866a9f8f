package store

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"helpdesk/pkg/desk"
)

// enqueue puts effects at the end of the outbox.
func enqueue(tx *bolt.Tx, now time.Time, ticket uint64, cause string, effects []desk.Effect) error {
	for _, e := range effects {
		if e.Ticket == 0 {
			e.Ticket = ticket
		}
		if e.Cause == "" {
			e.Cause = cause
		}
		if e.Ticket == 0 {
			return fmt.Errorf("queue %s %s: an effect without a ticket", e.Kind, e.Key)
		}
		seq, err := tx.Bucket(bOutbox).NextSequence()
		if err != nil {
			return err
		}
		if e.Kind == desk.SendLetter { // an answer may come before we know that the letter went
			link := desk.Link{Ticket: e.Ticket, Origin: desk.FromUs}
			if err := put(tx, bThreads, []byte("hd."+e.Key), link); err != nil {
				return err
			}
		}
		if err := put(tx, bOutbox, number(seq), desk.Pending{Seq: seq, Effect: e, Added: now}); err != nil {
			return err
		}
	}
	return nil
}

// Due returns up to most effects whose time has come: of each ticket the first alone, so that nothing overtakes. What
// follows something held or not yet due waits with it.
func (s *Store) Due(now time.Time, most int, skip func(desk.Pending) bool) ([]desk.Pending, error) {
	var due []desk.Pending
	first := map[uint64]bool{}
	err := s.view(func(tx *bolt.Tx) error {
		return each(tx, bOutbox, func(_ []byte, p desk.Pending) error {
			if first[p.Effect.Ticket] || len(due) >= most {
				return nil
			}
			first[p.Effect.Ticket] = true
			if p.Held || p.Next.After(now) || skip != nil && skip(p) {
				return nil
			}
			var t desk.Ticket
			if _, err := get(tx, bTickets, number(p.Effect.Ticket), &t); err != nil {
				return err
			}
			p.Effect.Task = t.Task
			due = append(due, p)
			return nil
		})
	})
	return due, err
}

// Pendings returns the whole outbox in its order.
func (s *Store) Pendings() ([]desk.Pending, error) {
	var all []desk.Pending
	err := s.view(func(tx *bolt.Tx) error {
		return each(tx, bOutbox, func(_ []byte, p desk.Pending) error { all = append(all, p); return nil })
	})
	return all, err
}

// Start notes, before the attempt, that one is made: until its result is known the effect is unsure.
func (s *Store) Start(now time.Time, seqs []uint64) error {
	return s.update(func(tx *bolt.Tx) error {
		for _, seq := range seqs {
			var p desk.Pending
			if ok, err := get(tx, bOutbox, number(seq), &p); err != nil || !ok {
				return orAbsent(err, "outbox entry", seq)
			}
			if p.Tries++; p.Tries == 1 {
				p.First = now
			}
			p.Last, p.Next, p.Unsure = now, now.Add(desk.Backoff(p.Tries, p.Effect.Key)), true
			if err := put(tx, bOutbox, number(seq), p); err != nil {
				return err
			}
		}
		return nil
	})
}

// Files notes the portal's numbers of files that were uploaded for an effect, so that they are not uploaded again.
func (s *Store) Files(files map[uint64][]desk.File, missing map[uint64][]string) error {
	return s.update(func(tx *bolt.Tx) error {
		for seq, list := range files {
			var p desk.Pending
			if ok, err := get(tx, bOutbox, number(seq), &p); err != nil || !ok {
				return orAbsent(err, "outbox entry", seq)
			}
			if p.Effect.Post == nil {
				continue
			}
			p.Effect.Post.Files, p.Effect.Post.Missing = list, missing[seq]
			if err := put(tx, bOutbox, number(seq), p); err != nil {
				return err
			}
		}
		return nil
	})
}

// Finish records the results of a round.
func (s *Store) Finish(now time.Time, results []desk.Result) error {
	return s.update(func(tx *bolt.Tx) error {
		for _, r := range results {
			var p desk.Pending
			if ok, err := get(tx, bOutbox, number(r.Seq), &p); err != nil || !ok {
				return orAbsent(err, "outbox entry", r.Seq)
			}
			if err := finish(tx, now, p, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func finish(tx *bolt.Tx, now time.Time, p desk.Pending, r desk.Result) error {
	t, err := ticket(tx, p.Effect.Ticket)
	if err != nil {
		return err
	}
	if r.Gone {
		t.Status, t.Task = desk.Gone, 0
	}
	if r.Failed != "" {
		t.Undeliver = r.Failed
	}
	key := number(p.Seq)
	switch {
	case r.Done:
		if err := done(tx, now, &t, p, r); err != nil {
			return err
		}
		err = tx.Bucket(bOutbox).Delete(key)
	case r.Dropped != "":
		step := desk.Step{At: now, What: "not " + string(p.Effect.Kind), Key: p.Effect.Key, Note: r.Dropped}
		if err := note(tx, t.Number, step); err != nil {
			return err
		}
		err = tx.Bucket(bOutbox).Delete(key)
	case r.Replace != nil:
		err = put(tx, bOutbox, key, desk.Pending{Seq: p.Seq, Effect: *r.Replace, Added: now, Note: r.Note})
	case r.Hold:
		p.Held, p.Unsure, p.Note = true, r.Unsure, r.Note
		err = put(tx, bOutbox, key, p)
	default:
		p.Unsure, p.Note = r.Unsure, r.Note
		if !r.Next.IsZero() {
			p.Next = r.Next
		}
		err = put(tx, bOutbox, key, p)
	}
	if err != nil {
		return err
	}
	if err := put(tx, bTickets, number(t.Number), t); err != nil {
		return err
	}
	return enqueue(tx, now, t.Number, p.Effect.Cause, r.Then)
}

func done(tx *bolt.Tx, now time.Time, t *desk.Ticket, p desk.Pending, r desk.Result) error {
	step := desk.Step{At: now, What: string(p.Effect.Kind), Key: p.Effect.Key, ID: r.ID, Comment: r.Made.Comment}
	if r.Made.Chat != 0 {
		t.Chat = r.Made.Chat
	}
	switch p.Effect.Kind {
	case desk.OpenTask:
		t.Task, t.Status, step.Task = r.Made.Task, desk.Open, r.Made.Task
		if err := tx.Bucket(bTasks).Put(number(uint64(t.Task)), number(t.Number)); err != nil {
			return err
		}
	case desk.SendLetter:
		step.To = p.Effect.Letter.To.Addr
	}
	return note(tx, t.Number, step)
}

// Retry lets effects be tried at once, held or not; none named = all of them. It returns how many.
func (s *Store) Retry(seqs ...uint64) (int, error) {
	return s.amend(seqs, func(tx *bolt.Tx, p desk.Pending) error {
		p.Held, p.Next = false, time.Time{}
		return put(tx, bOutbox, number(p.Seq), p)
	})
}

// Drop takes effects out of the outbox unmade. It returns how many.
func (s *Store) Drop(now time.Time, seqs ...uint64) (int, error) {
	return s.amend(seqs, func(tx *bolt.Tx, p desk.Pending) error {
		step := desk.Step{At: now, What: "not " + string(p.Effect.Kind), Key: p.Effect.Key, Note: "dropped by hand"}
		if err := note(tx, p.Effect.Ticket, step); err != nil {
			return err
		}
		return tx.Bucket(bOutbox).Delete(number(p.Seq))
	})
}

func (s *Store) amend(seqs []uint64, fn func(*bolt.Tx, desk.Pending) error) (n int, err error) {
	err = s.update(func(tx *bolt.Tx) error {
		var all []desk.Pending // listed first: nothing is changed under a cursor
		if len(seqs) == 0 {
			if err := each(tx, bOutbox, func(_ []byte, p desk.Pending) error { all = append(all, p); return nil }); err != nil {
				return err
			}
		}
		for _, seq := range seqs {
			var p desk.Pending
			if ok, err := get(tx, bOutbox, number(seq), &p); err != nil || !ok {
				return orAbsent(err, "outbox entry", seq)
			}
			all = append(all, p)
		}
		for _, p := range all {
			if err := fn(tx, p); err != nil {
				return err
			}
		}
		n = len(all)
		return nil
	})
	return n, err
}

func orAbsent(err error, what string, seq uint64) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("find %s %d: %w", what, seq, ErrAbsent)
}
