package store

import (
	"bytes"
	"fmt"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/engine"
)

func ticket(tx txn, n uint64) (desk.Ticket, error) {
	var t desk.Ticket
	ok, err := get(tx, bTickets, number(n), &t)
	if err == nil && !ok {
		err = fmt.Errorf("find ticket %d: %w", n, ErrAbsent)
	}
	return t, err
}

// putTicket writes a ticket. The text of its latest letter is stored separately, because tickets are read often and
// texts are long.
func putTicket(tx txn, t desk.Ticket) error {
	if t.LastText != "" {
		text := t.LastAt.AppendFormat(nil, time.RFC3339Nano)
		text = append(append(text, '\n'), t.LastText...)
		if err := tx.Bucket(bTexts).Put(number(t.Number), text); err != nil {
			return err
		}
	}
	t.LastText, t.Sent = "", ""
	return put(tx, bTickets, number(t.Number), t)
}

// lastText returns the text of the ticket's latest letter, "" if the letter had none.
func lastText(tx txn, t desk.Ticket) (string, error) {
	raw, err := tx.Bucket(bTexts).Get(number(t.Number))
	if err != nil {
		return "", err
	}
	at, text, _ := bytes.Cut(raw, []byte("\n"))
	if since, err := time.Parse(time.RFC3339Nano, string(at)); err != nil || !since.Equal(t.LastAt) {
		return "", nil
	}
	return string(text), nil
}

// sentKey returns the key under which the texts of our letters are stored, in the same bucket as the text of the
// customer's letter.
func sentKey(n uint64) []byte { return append(number(n), "sent"...) }

// sentMax is the maximum size of the stored texts of our letters per ticket, in bytes. Replies quote the latest ones.
const sentMax = 16 << 10

// keepSent stores the text of a letter of ours before the texts of earlier ones.
func keepSent(tx txn, n uint64, text string) error {
	old, err := tx.Bucket(bTexts).Get(sentKey(n))
	if err != nil {
		return err
	}
	all := append([]byte(text+"\n"), old...)
	return tx.Bucket(bTexts).Put(sentKey(n), bytes.ToValidUTF8(all[:min(len(all), sentMax)], nil))
}

// mailed returns the texts of our letters in the ticket and the text of the customer's latest letter.
func mailed(tx txn, t desk.Ticket) (string, error) {
	sent, err := tx.Bucket(bTexts).Get(sentKey(t.Number))
	if err != nil {
		return "", err
	}
	last, err := lastText(tx, t)
	return string(sent) + "\n" + last, err
}

func ticketOf(tx txn, task int64) (uint64, error) {
	raw, err := tx.Bucket(bTasks).Get(number(uint64(task)))
	if err != nil || raw == nil {
		return 0, err
	}
	return numbered(raw), nil
}

// note appends a step to the ticket's journal.
func note(tx txn, n uint64, step desk.Step) error {
	seq, err := tx.Bucket(bJournal).Count(1)
	if err != nil {
		return err
	}
	return put(tx, bJournal, append(number(n), number(seq)...), step)
}

// Ticket returns one ticket. It is the only method that fills in the text of the latest letter.
func (s Tickets) Ticket(n uint64) (desk.Ticket, error) {
	var t desk.Ticket
	err := s.view(func(tx txn) (err error) {
		if t, err = ticket(tx, n); err != nil {
			return err
		}
		text, err := lastText(tx, t)
		if text != "" {
			t.LastText = text
		}
		return err
	})
	return t, err
}

// Each calls fn with every ticket, in the order of their numbers.
func (s Tickets) Each(fn func(desk.Ticket) error) error {
	return s.view(func(tx txn) error {
		return each(tx, bTickets, func(_ []byte, t desk.Ticket) error { return fn(t) })
	})
}

// ByTask returns the tickets of the given tasks, by task.
func (s Tickets) ByTask(tasks []int64) (map[int64]desk.Ticket, error) {
	found := map[int64]desk.Ticket{}
	err := s.view(func(tx txn) error {
		for _, task := range tasks {
			tx.Bucket(bTasks).Ahead(number(uint64(task)))
		}
		for _, task := range tasks {
			n, err := ticketOf(tx, task)
			if err != nil {
				return err
			}
			tx.Bucket(bTickets).Ahead(number(n))
		}
		for _, task := range tasks {
			n, err := ticketOf(tx, task)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			t, err := ticket(tx, n)
			if err != nil {
				return err
			}
			if t.Task != task { // the ticket's first task was deleted, and it has another one now
				continue
			}
			found[task] = t
		}
		return nil
	})
	return found, err
}

// Active returns the tickets whose tasks had activity after the given time.
func (s Tickets) Active(since time.Time) ([]desk.Ticket, error) {
	var active []desk.Ticket
	err := s.Each(func(t desk.Ticket) error {
		if t.Task != 0 && t.Status != desk.Gone && t.Activity.After(since) {
			active = append(active, t)
		}
		return nil
	})
	return active, err
}

// Journal returns the steps of a ticket, oldest first.
func (s Tickets) Journal(n uint64) ([]desk.Step, error) {
	var steps []desk.Step
	err := s.view(func(tx txn) error {
		prefix := number(n)
		return eachFrom(tx, bJournal, prefix, func(key []byte, step desk.Step) error {
			if !bytes.HasPrefix(key, prefix) {
				return engine.ErrStop
			}
			steps = append(steps, step)
			return nil
		})
	})
	return steps, err
}

// Reading returns how far the portal has been read. Before the first reading this is an hour before the first ticket.
func (s Tickets) Reading() (r desk.Reading, err error) {
	err = s.view(func(tx txn) error { r, err = reading(tx); return err })
	return r, err
}

func reading(tx txn) (desk.Reading, error) {
	var r struct {
		desk.Reading
		Retry map[int64]int `json:"retry"` // from an earlier version
	}
	ok, err := get(tx, bCursors, []byte("portal"), &r)
	if err == nil && !ok {
		err = each(tx, bTickets, func(_ []byte, first desk.Ticket) error {
			r.Activity = first.Opened.Add(-time.Hour)
			return engine.ErrStop
		})
	}
	for task, tries := range r.Retry {
		if r.Unread == nil {
			r.Unread = map[int64]desk.Unread{}
		}
		r.Unread[task] = desk.Unread{Tries: tries}
	}
	return r.Reading, err
}

// RecordChanges decides about changes of tickets, and records the decisions together with how far the portal was read,
// in one transaction. decide gets the facts about the i-th ticket and may still change read.
func (s Tickets) RecordChanges(now time.Time, numbers []uint64, read *desk.Reading,
	decide func(i int, f desk.AnnounceFacts) (desk.Decision, error)) error {
	return s.update(func(tx txn) error {
		facts, err := s.announceFacts(tx, now, numbers)
		if err != nil {
			return err
		}
		for i, f := range facts {
			d, err := decide(i, f)
			if err != nil {
				return err
			}
			if _, err := apply(tx, now, d, time.Time{}); err != nil {
				return err
			}
		}
		return put(tx, bCursors, []byte("portal"), read)
	})
}

// announceFacts returns the facts for a decision about a change of each ticket.
func (s Tickets) announceFacts(tx txn, now time.Time, numbers []uint64) ([]desk.AnnounceFacts, error) {
	excluded, err := exclusions(tx)
	if err != nil {
		return nil, err
	}
	for _, n := range numbers {
		tx.Bucket(bTickets).Ahead(number(n))
		tx.Bucket(bTexts).Ahead(number(n), sentKey(n))
	}
	all := make([]desk.AnnounceFacts, len(numbers))
	for i, n := range numbers {
		t, err := ticket(tx, n)
		if err != nil {
			return nil, err
		}
		if t.Sent, err = mailed(tx, t); err != nil {
			return nil, err
		}
		all[i] = desk.AnnounceFacts{Now: now, Signer: s.signer, Ticket: t, Excluded: excluded}
		tx.Bucket(bReturned).Ahead([]byte(t.AnswerTo().Key()))
		for _, addr := range t.Copied {
			tx.Bucket(bReturned).Ahead([]byte(addr))
		}
	}
	for i := range all {
		if all[i].Undelivers, err = has(tx, bReturned, []byte(all[i].Ticket.AnswerTo().Key())); err != nil {
			return nil, err
		}
		for _, addr := range all[i].Ticket.Copied {
			back, err := has(tx, bReturned, []byte(addr))
			if err != nil {
				return nil, err
			}
			if back {
				all[i].Returned = append(all[i].Returned, addr)
			}
		}
	}
	return all, nil
}
