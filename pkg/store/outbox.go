package store

import (
	"errors"
	"fmt"
	"time"

	"helpdesk/pkg/desk"
)

// entry is an entry of the outbox without its effect. The effect is stored separately, because the outbox is read often
// and texts are long.
type entry struct {
	Seq      uint64    `json:"seq"`
	Kind     desk.Kind `json:"kind"`
	Key      string    `json:"key"` // of the effect
	Ticket   uint64    `json:"ticket"`
	Cause    string    `json:"cause,omitempty"`
	Mailbox  string    `json:"mailbox,omitempty"` // of the letter
	To       string    `json:"to,omitempty"`      // recipient of the letter
	Aside    bool      `json:"aside,omitempty"`   // neither waits for other entries of the ticket nor delays them
	Added    time.Time `json:"added"`
	Tries    int       `json:"tries,omitempty"`
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	Next     time.Time `json:"next,omitzero"`
	Unsure   bool      `json:"unsure,omitempty"`
	Failures int       `json:"blamed,omitempty"`
	Stuck    time.Time `json:"stuck,omitzero"`
	Freed    bool      `json:"freed,omitempty"`
	Held     bool      `json:"held,omitempty"`
	Told     bool      `json:"told,omitempty"`
	Note     string    `json:"note,omitempty"`
}

// pending returns the entry in its public form, with only those parts of the effect that the entry contains.
func (e entry) pending() desk.Pending {
	p := desk.Pending{Seq: e.Seq, Added: e.Added, Tries: e.Tries, First: e.First, Last: e.Last, Next: e.Next,
		Unsure:   e.Unsure,
		Failures: e.Failures, Stuck: e.Stuck, Freed: e.Freed, Held: e.Held, Told: e.Told, Note: e.Note,
		Effect: desk.Effect{
			Kind:   e.Kind,
			Key:    e.Key,
			Ticket: e.Ticket,
			Cause:  e.Cause,
			Aside:  e.Aside,
		}}
	if e.Kind == desk.SendLetter {
		p.Effect.Letter = &desk.Draft{Mailbox: e.Mailbox, To: desk.Address{Addr: e.To}}
	}
	return p
}

// peek returns an entry without the texts of its effect.
func peek(tx txn, seq uint64) (desk.Pending, error) {
	e, err := tx.entry(seq)
	if err != nil || e == nil {
		return desk.Pending{}, orAbsent(err, "outbox entry", seq)
	}
	return e.pending(), nil
}

// aheadEntries announces that these entries will be read.
func aheadEntries(tx txn, seqs []uint64) {
	for _, seq := range seqs {
		tx.Bucket(bOutbox).Ahead(number(seq))
	}
}

// whole returns the entry with its complete effect.
func (e entry) whole(tx txn) (desk.Pending, error) {
	p := e.pending()
	p.Effect.Letter = nil // the letter comes from the stored effect
	_, err := get(tx, bEffects, number(e.Seq), &p.Effect)
	return p, err
}

// save writes an entry. It writes the effect only if effect is true.
func save(tx txn, p desk.Pending, effect bool) error {
	e := entry{Seq: p.Seq, Kind: p.Effect.Kind, Key: p.Effect.Key, Ticket: p.Effect.Ticket, Cause: p.Effect.Cause,
		Aside: p.Effect.Aside, Added: p.Added, Tries: p.Tries,
		First: p.First, Last: p.Last, Next: p.Next, Unsure: p.Unsure, Failures: p.Failures, Stuck: p.Stuck,
		Freed: p.Freed, Held: p.Held, Told: p.Told, Note: p.Note}
	if p.Effect.Letter != nil {
		e.Mailbox, e.To = p.Effect.Letter.Mailbox, p.Effect.Letter.Recipient().Addr
	}
	if effect {
		if err := put(tx, bEffects, number(p.Seq), p.Effect); err != nil {
			return err
		}
	}
	tx.edits.entries[p.Seq] = &e
	return put(tx, bOutbox, number(p.Seq), e)
}

// remove deletes an entry and its effect.
func remove(tx txn, seq uint64) error {
	return errors.Join(dequeue(tx, seq), tx.Bucket(bEffects).Delete(number(seq)))
}

// dequeue deletes an entry and keeps its effect.
func dequeue(tx txn, seq uint64) error {
	tx.edits.entries[seq] = nil
	return tx.Bucket(bOutbox).Delete(number(seq))
}

// enqueue appends effects to the outbox. since is the time since which they may have been attempted; zero means that
// they were not.
func enqueue(tx txn, now time.Time, ticket uint64, cause string, effects []desk.Effect, since time.Time) error {
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
		seq, err := tx.Bucket(bOutbox).Count(1)
		if err != nil {
			return err
		}
		if e.Kind == desk.SendLetter { // a reply may arrive before we know that the letter was sent
			link := desk.Link{Ticket: e.Ticket, Origin: desk.FromUs}
			if err := put(tx, bThreads, []byte("hd."+e.Key), link); err != nil {
				return err
			}
		}
		p := desk.Pending{Seq: seq, Effect: e, Added: now}
		if !since.IsZero() {
			doubtful(&p, since, now)
		}
		if err := save(tx, p, true); err != nil {
			return err
		}
	}
	return nil
}

// Due returns effects that are due, up to most letters and up to most others. It returns only the first effect of each
// ticket, so that none overtakes another: effects behind one that is held or not yet due wait with it. An effect aside
// waits only for the opening of its task. skip is called with the parts of an effect that Queue returns.
func (s Outbox) Due(now time.Time, most int, skip func(desk.Pending) bool) ([]desk.Pending, error) {
	if err := s.readEntries(); err != nil {
		return nil, err
	}
	first := s.entries.heads(now, most, skip)
	if len(first) == 0 {
		return nil, nil
	}
	var due []desk.Pending
	err := s.view(func(tx txn) error {
		for _, e := range first {
			tx.Bucket(bEffects).Ahead(number(e.Seq))
			tx.Bucket(bTickets).Ahead(number(e.Ticket))
			if e.Kind == desk.SendLetter { // the sender will ask for the ticket, and Finish adds to what was sent
				tx.Bucket(bTexts).Ahead(number(e.Ticket), sentKey(e.Ticket))
			}
		}
		for _, e := range first {
			p, err := e.whole(tx)
			if err != nil {
				return err
			}
			var t struct{ Task, Chat int64 } // only these fields are needed, and a ticket is long
			if _, err := get(tx, bTickets, number(p.Effect.Ticket), &t); err != nil {
				return err
			}
			p.Effect.Task, p.Effect.Chat = t.Task, t.Chat
			due = append(due, p)
		}
		return nil
	})
	return due, err
}

// later reports whether an entry is not due yet. An entry further ahead than the longest pause is due: a clock that was
// fast has planned it.
func (e entry) later(now time.Time) bool {
	return e.Next.After(now) && e.Next.Sub(now) <= desk.LongestPause
}

// Waiting returns the number of effects that failed, before an attempt or in one, and will be retried without a
// person's help.
func (s Outbox) Waiting() (int, error) {
	if err := s.readEntries(); err != nil {
		return 0, err
	}
	return s.entries.count(func(e *entry) bool { return (e.Tries > 0 || !e.Next.IsZero()) && !e.Held }), nil
}

// Refused returns the letters of a mailbox that wait for a retry, in the form that Queue returns, and the time when the
// relay last accepted a letter.
func (s Outbox) Refused(mailbox string) (waiting []desk.Pending, taken time.Time, err error) {
	if err := s.readEntries(); err != nil {
		return nil, taken, err
	}
	waiting = s.entries.pick(func(e *entry) bool {
		return e.Kind == desk.SendLetter && e.Mailbox == mailbox && e.Tries > 0 && !e.Held
	})
	err = s.view(func(tx txn) error {
		_, err := get(tx, bCursors, takenKey(mailbox), &taken)
		return err
	})
	return waiting, taken, err
}

func takenKey(mailbox string) []byte { return []byte("taken\x00" + mailbox) }

// Pendings returns the whole outbox in order.
func (s Outbox) Pendings() ([]desk.Pending, error) {
	return s.queue(func(tx txn, e entry) (desk.Pending, error) { return e.whole(tx) })
}

// Queue returns the outbox in order. Of each effect it returns only the kind, key, ticket, mailbox and address.
func (s Outbox) Queue() ([]desk.Pending, error) {
	return s.queue(func(_ txn, e entry) (desk.Pending, error) { return e.pending(), nil })
}

func (s Outbox) queue(read func(txn, entry) (desk.Pending, error)) ([]desk.Pending, error) {
	var all []desk.Pending
	err := s.view(func(tx txn) error {
		return each(tx, bOutbox, func(_ []byte, e entry) error {
			p, err := read(tx, e)
			all = append(all, p)
			return err
		})
	})
	return all, err
}

// Start records attempts before they are made: an effect is unsure until its result is known. It also records what was
// looked up and uploaded for them. All this may be written after Start has returned. No attempt may be made before
// Flush has returned, too.
func (s Outbox) Start(now time.Time, a desk.Attempts) error {
	return s.later(func(tx txn) error {
		aheadEntries(tx, a.Seqs)
		for _, seq := range a.Seqs {
			p, err := peek(tx, seq)
			if err != nil {
				return err
			}
			if p.Tries++; p.Tries == 1 {
				p.First = now
			}
			if p.Unsure { // the previous attempt has turned out to have failed
				p.Failures++
			}
			p.Freed = false
			p.Last, p.Next, p.Unsure = now, now.Add(desk.Backoff(p.Tries, p.Effect.Key)), true
			if err := save(tx, p, false); err != nil {
				return err
			}
		}
		if err := errors.Join(files(tx, a), settings(tx, a.Fields)); err != nil {
			return err
		}
		return profiles(tx, now, a.Source, a.Asked, a.Found)
	})
}

// files records the portal's ids of files uploaded for effects, so that they are not uploaded again.
func files(tx txn, a desk.Attempts) error {
	for seq, list := range a.Files {
		var e desk.Effect
		ok, err := get(tx, bEffects, number(seq), &e)
		if err != nil || !ok {
			return orAbsent(err, "outbox entry", seq)
		}
		if e.Post == nil {
			continue
		}
		e.Post.Files, e.Post.Missing = list, a.Missing[seq]
		if err := put(tx, bEffects, number(seq), e); err != nil {
			return err
		}
	}
	return nil
}

// settings records the new settings of tasks.
func settings(tx txn, fields map[uint64]desk.Fields) error {
	for seq, f := range fields {
		var e desk.Effect
		if ok, err := get(tx, bEffects, number(seq), &e); err != nil || !ok || e.Post == nil {
			return orAbsent(err, "outbox entry", seq)
		}
		e.Post.Fields = &f
		if err := put(tx, bEffects, number(seq), e); err != nil {
			return err
		}
	}
	return nil
}

// mostCopies is the maximum number of additional places of a message kept with an effect.
const mostCopies = 3

// repoint adds the place of a duplicate to the pending effects of the message: the first place may be gone when files
// are fetched.
func repoint(tx txn, key string, at desk.Place) error {
	seqs, err := tx.caused(key)
	for _, seq := range seqs {
		var e desk.Effect
		ok, gerr := get(tx, bEffects, number(seq), &e)
		if gerr != nil || !ok || e.Post == nil || e.Post.Message == nil || len(e.Post.Copies) == mostCopies {
			err = errors.Join(err, gerr)
			continue
		}
		e.Post.Copies = append(e.Post.Copies, at)
		err = errors.Join(err, put(tx, bEffects, number(seq), e))
	}
	return err
}

// Retry makes effects due at once, even held ones; without arguments all of them. It returns the number of effects.
func (s Outbox) Retry(seqs ...uint64) (int, error) {
	return s.amend(seqs, func(tx txn, p desk.Pending) error {
		p.Held, p.Next, p.Stuck, p.Freed = false, time.Time{}, time.Time{}, true
		return save(tx, p, false)
	})
}

func (s Outbox) amend(seqs []uint64, fn func(txn, desk.Pending) error) (n int, err error) {
	err = s.update(func(tx txn) error {
		if len(seqs) == 0 { // listed first, because a walk must not change its bucket
			if err := each(tx, bOutbox, func(_ []byte, e entry) error {
				seqs = append(seqs, e.Seq)
				return nil
			}); err != nil {
				return err
			}
		}
		for _, seq := range seqs {
			p, err := peek(tx, seq)
			if err == nil {
				err = fn(tx, p)
			}
			if err != nil {
				return err
			}
		}
		n = len(seqs)
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
