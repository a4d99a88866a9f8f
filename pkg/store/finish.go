package store

import (
	"errors"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// Finish records the results of a round. They may be written after it has returned; Flush waits for that.
func (s Outbox) Finish(now time.Time, results []desk.Result) error {
	return s.later(func(tx txn) error {
		ps, err := peekAll(tx, results)
		if err != nil {
			return err
		}
		taken := map[string]bool{}
		for i, r := range results {
			p := ps[i]
			if err := finish(tx, now, p, r); err != nil {
				return err
			}
			if r.Done && p.Effect.Letter != nil && !taken[p.Effect.Letter.Mailbox] {
				taken[p.Effect.Letter.Mailbox] = true
				if err := put(tx, bCursors, takenKey(p.Effect.Letter.Mailbox), now); err != nil {
					return err
				}
			}
		}
		return readAgain(tx, results)
	})
}

// Flush waits until everything that was recorded is written.
func (s Outbox) Flush() error { return s.db.Flush() }

// peekAll returns the entries of the results, and announces that their tickets will be read.
func peekAll(tx txn, results []desk.Result) ([]desk.Pending, error) {
	ps := make([]desk.Pending, len(results))
	for _, r := range results {
		tx.Bucket(bOutbox).Ahead(number(r.Seq))
	}
	for i, r := range results {
		p, err := peek(tx, r.Seq)
		if err != nil {
			return nil, err
		}
		tx.Bucket(bTickets).Ahead(number(p.Effect.Ticket))
		if r.Done && p.Effect.Kind == desk.SendLetter {
			tx.Bucket(bTexts).Ahead(sentKey(p.Effect.Ticket))
		}
		ps[i] = p
	}
	return ps, nil
}

// finish records the result of an entry in the outbox and in its ticket.
func finish(tx txn, now time.Time, p desk.Pending, r desk.Result) error {
	if r.Gone || r.Failed != "" || r.Done && p.Effect.Kind == desk.OpenTask || r.Made.Chat != 0 {
		if err := learn(tx, p, r); err != nil {
			return err
		}
	}
	if r.Return != "" {
		at := returned{At: now, Key: p.Effect.Key}
		if err := put(tx, bReturned, []byte(desk.FoldAddress(r.Return)), at); err != nil {
			return err
		}
	}
	if err := conclude(tx, now, p, r); err != nil {
		return err
	}
	return enqueue(tx, now, p.Effect.Ticket, p.Effect.Cause, r.Then, time.Time{})
}

// conclude removes an entry that is done or dropped. Otherwise it saves the entry with the outcome of the attempt.
func conclude(tx txn, now time.Time, p desk.Pending, r desk.Result) error {
	switch {
	case r.Done:
		return done(tx, now, p, r)
	case r.Dropped != "":
		step := desk.Step{At: now, What: "not " + string(p.Effect.Kind), Key: p.Effect.Key, Note: r.Dropped}
		if err := note(tx, p.Effect.Ticket, step); err != nil {
			return err
		}
		return remove(tx, p.Seq)
	case r.Replace != nil:
		return save(tx, desk.Pending{Seq: p.Seq, Effect: *r.Replace, Added: now, Note: r.Note}, true)
	case r.Hold:
		p.Told = p.Told || r.Told
		p.Held, p.Unsure, p.Note = true, r.Unsure, r.Note
		return save(tx, p, false)
	}
	p.Unsure, p.Note, p.Told = r.Unsure, r.Note, p.Told || r.Told
	if r.Own && !r.Unsure { // an unsure attempt is counted when it turns out to have failed
		p.Failures++
	}
	if r.Stuck && p.Stuck.IsZero() {
		p.Stuck = now
	}
	if !r.Next.IsZero() {
		p.Next = r.Next
	}
	return save(tx, p, false)
}

// done removes a finished entry and writes a step to the ticket's journal.
func done(tx txn, now time.Time, p desk.Pending, r desk.Result) error {
	step := desk.Step{At: now, What: string(p.Effect.Kind), Key: p.Effect.Key, ID: r.ID, Comment: r.Made.Comment}
	if p.Effect.Kind == desk.OpenTask {
		step.Task = r.Made.Task
	}
	var kept bool
	var err error
	if p.Effect.Kind == desk.SendLetter {
		step.To, step.Cc = p.Effect.Letter.To.Addr, r.Cc
		if r.Sent != "" {
			err = keepSent(tx, p.Effect.Ticket, r.Sent)
		}
		err = errors.Join(err, answered(tx, now, p.Effect.Ticket, r.Words))
		if r.Copy != nil {
			c := desk.Copy{Mailbox: p.Effect.Letter.Mailbox, ID: r.ID, At: now,
				Ticket: p.Effect.Ticket, To: p.Effect.Letter.To.Addr}
			err = errors.Join(err, keepCopy(tx, c, r.Copy))
		}
	} else {
		kept, err = unseen(tx, &step, p, r)
	}
	if err != nil {
		return err
	}
	if err := note(tx, p.Effect.Ticket, step); err != nil {
		return err
	}
	if kept {
		return dequeue(tx, p.Seq)
	}
	return remove(tx, p.Seq)
}

// answered records in the ticket when the first letter with a specialist's words went out, and who wrote it.
func answered(tx txn, now time.Time, n uint64, who string) error {
	if who == "" {
		return nil
	}
	t, err := ticket(tx, n)
	if err != nil || !t.Answered.IsZero() {
		return err
	}
	t.Answered, t.AnsweredBy = now, who
	return putTicket(tx, t)
}

// learn updates the ticket with what a result says about it.
func learn(tx txn, p desk.Pending, r desk.Result) error {
	t, err := ticket(tx, p.Effect.Ticket)
	if err != nil {
		return err
	}
	if r.Gone { // the task is gone, and another one will take its place
		t.Status, t.Task, t.Chat, t.LastComment, t.LastResult = desk.Gone, 0, 0, 0, 0
		for _, at := range []*time.Time{&t.Activity, &t.ReadAt, &t.ReadUpTo, &t.CommentAt, &t.ClosedAt} {
			*at = time.Time{}
		}
	}
	if r.Failed != "" {
		t.Undeliver = r.Failed
	}
	if r.Made.Chat != 0 && r.Made.Chat != t.Chat {
		t.Chat, t.LastComment, t.CommentAt = r.Made.Chat, 0, time.Time{} // each chat numbers its comments anew
	}
	if r.Done && p.Effect.Kind == desk.OpenTask {
		t.Task, t.Status, t.Mark = r.Made.Task, desk.Open, ""
		if r.Made.Seen {
			t.Mark = desk.TaskMark(p.Effect.Key)
		}
		if err := tx.Bucket(bTasks).Put(number(uint64(t.Task)), number(t.Number)); err != nil {
			return err
		}
	}
	return putTicket(tx, t)
}

// readAgain schedules another reading of tasks that were found in the portal after an unsure attempt: until then their
// task numbers were unknown, so their comments were skipped.
func readAgain(tx txn, results []desk.Result) error {
	found := slices.DeleteFunc(slices.Clone(results), func(r desk.Result) bool {
		return !r.Made.Found || r.Made.Task == 0
	})
	if len(found) == 0 {
		return nil
	}
	read, err := reading(tx)
	if err != nil {
		return err
	}
	if read.Unread == nil {
		read.Unread = map[int64]desk.Unread{}
	}
	for _, r := range found {
		read.Unread[r.Made.Task] = desk.Unread{}
	}
	return put(tx, bCursors, []byte("portal"), read)
}
