package pass

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
)

// Archive returns what was recorded, for comparison.
type Archive struct {
	Ledger interface {
		Records(since time.Time, fn func(desk.Record) error) error
	}
	Tickets interface {
		Each(fn func(desk.Ticket) error) error
		Journal(ticket uint64) ([]desk.Step, error)
	}
	Outbox interface {
		Pendings() ([]desk.Pending, error)
	}
	Signer desk.Signer
}

// Folder lists all messages of a mailbox, read and unread.
type Folder interface {
	Since(ctx context.Context, t time.Time) ([]desk.Listing, error)
	// the raw Message-ID field of each header
	MessageIDs(ctx context.Context, uids []uint32) (map[uint32][]byte, error)
	Writers(ctx context.Context, uids []uint32) (map[uint32][]byte, error) // the raw fields From and Subject
}

// Difference is one thing that does not agree.
type Difference struct {
	ID      string    `json:"id"`   // the same each time the difference is found
	What    string    `json:"what"` // one of the constants below
	Mailbox string    `json:"mailbox,omitempty"`
	UID     uint32    `json:"uid,omitempty"`
	At      time.Time `json:"at,omitzero"`
	From    string    `json:"from,omitempty"` // sender of the letter, or requester of the ticket
	Subject string    `json:"subject,omitempty"`
	Ticket  uint64    `json:"ticket,omitempty"`
	Task    int64     `json:"task,omitempty"`
	File    string    `json:"file,omitempty"` // name of the missing file
	Note    string    `json:"note,omitempty"` // details or the reason
	Do      string    `json:"do"`             // what a person can do
	Effect  string    `json:"-"`              // key of the effect, "" if it is not about an effect
}

// Shelf is the part of the portal that the comparison needs.
type Shelf interface {
	Tasks
	Look(ctx context.Context, made []desk.Unconfirmed, since time.Time) ([]desk.Sight, error)
	Doubles(ctx context.Context, since time.Time) (map[string][]int64, error)
}

// Kinds of differences.
const (
	MailWithoutRecord  = "mail without record"
	RecordWithoutTask  = "record without task"
	TaskMadeTwice      = "task made twice"
	CommentMadeTwice   = "comment made twice"
	CommentNotSent     = "comment not sent"
	CommentNotOnTask   = "comment not on the task"
	TextNotOnTask      = "text not on the task"
	FileNotOnTask      = "file not on the task"
	ContentNotCompared = "content not compared"
	LeftForItsAge      = "left alone for its age"
)

// named sets the id of a difference, derived from its kind and subject.
func (d Difference) named(about ...string) Difference {
	d.ID = desk.DeriveKey(append([]string{d.What}, about...)...)[:8]
	return d
}

// VerifyMailbox compares a mailbox with the records: every message since the given time must have a record, and that
// record must belong to the message. It returns the number of checked messages.
func VerifyMailbox(ctx context.Context, b Box, f Folder, l Ledger, since, now time.Time) (int, []Difference, error) {
	ls, err := f.Since(ctx, since)
	if err != nil {
		return 0, nil, err
	}
	progress, err := l.Progress(ls)
	if err != nil {
		return 0, nil, err
	}
	other, err := others(ctx, f.MessageIDs, ls, progress)
	if err != nil {
		return 0, nil, err
	}
	var ds []Difference
	for i, l := range ls {
		if !progress[i].Known || other[l.UID] {
			ds = append(ds, unrecorded(b, l, progress[i], now))
		}
	}
	return len(ls), ds, nameWriters(ctx, f, ds)
}

// unrecorded returns the difference for a message without a record.
func unrecorded(b Box, l desk.Listing, p desk.Progress, now time.Time) Difference {
	d := Difference{What: MailWithoutRecord, Mailbox: b.Name, UID: l.UID, At: l.Received, Note: p.Note,
		Do: "helpdesk poll takes it in"}
	switch {
	case b.MaxAge > 0 && now.Sub(l.Received) > b.MaxAge:
		d.What, d.Do = LeftForItsAge, "nothing; a larger imap.max_age has it taken in while it is unread"
	case p.Note != "":
		d.Do = "helpdesk quarantine list"
	case p.Known:
		d.Note = "another letter was recorded at its place: of a mail server that was restored or replaced?"
	case l.Seen:
		d.Note = "read by somebody else before a pass saw it"
	}
	if l.Seen && d.What == MailWithoutRecord && p.Note == "" {
		d.Do = "mark it unread, and the next helpdesk poll takes it in"
	}
	return d.named(l.Mailbox, fmt.Sprint(l.UIDValidity), fmt.Sprint(l.UID), l.Received.UTC().Format(time.RFC3339))
}

// nameWriters fills in the senders and subjects of the messages.
func nameWriters(ctx context.Context, f Folder, ds []Difference) error {
	if len(ds) == 0 {
		return nil
	}
	uids := make([]uint32, len(ds))
	for i, d := range ds {
		uids[i] = d.UID
	}
	heads, err := f.Writers(ctx, uids)
	if err != nil {
		return err
	}
	for i := range ds {
		m := eml.ReadHeader(bytes.NewReader(heads[ds[i].UID]), desk.Listing{})
		ds[i].From, ds[i].Subject = m.From.Addr, m.Subject
	}
	return nil
}

// VerifyTickets compares the records with the portal: every record since the given time must have an existing task,
// every task and comment must show what it was made with, and every comment must have been sent. It returns the number
// of checked records.
func VerifyTickets(ctx context.Context, p Shelf, a Archive, since time.Time) (int, []Difference, error) {
	tickets := map[uint64]desk.Ticket{}
	if err := a.Tickets.Each(func(t desk.Ticket) error { tickets[t.Number] = t; return nil }); err != nil {
		return 0, nil, err
	}
	var recent, records []desk.Record
	err := a.Ledger.Records(since.Add(-lateness), func(r desk.Record) error {
		if r.Ticket != 0 && tickets[r.Ticket].Erased.IsZero() { // people clean the tasks of erased tickets
			recent = append(recent, r)
		}
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	var wanted []int64
	asked := map[int64]bool{}
	for _, r := range recent {
		if r.Received.Before(since) {
			continue
		}
		records = append(records, r)
		if task := tickets[r.Ticket].Task; task != 0 && !asked[task] {
			asked[task] = true
			wanted = append(wanted, task)
		}
	}
	alive := map[int64]desk.TaskState{}
	if len(wanted) > 0 {
		if alive, err = p.States(ctx, wanted); err != nil {
			return 0, nil, err
		}
	}
	ds := withoutTask(records, tickets, alive)
	c := &contents{a: a, since: since, of: causes(recent)}
	lost, err := c.lost(ctx, p, records, tickets, alive)
	if err != nil {
		return 0, nil, err
	}
	twice, err := c.twice(ctx, p, tickets)
	if err != nil {
		return 0, nil, err
	}
	unsent, err := unsent(a, tickets)
	return len(records), slices.Concat(ds, twice, lost, unsent), err
}

// twice returns tasks with the same mark. They can occur if one of two hosts was suspended, or if the state was
// restored from a backup.
func (c *contents) twice(ctx context.Context, p Shelf, tickets map[uint64]desk.Ticket) ([]Difference, error) {
	doubles, err := p.Doubles(ctx, c.since)
	var ds []Difference
	for _, mark := range slices.Sorted(maps.Keys(doubles)) {
		tasks := doubles[mark]
		for key, r := range c.of {
			if desk.TaskMark(key) != mark {
				continue
			}
			kept := tasks[0]
			if own := tickets[r.Ticket].Task; slices.Contains(tasks, own) {
				kept = own
			}
			for _, task := range tasks {
				if task == kept {
					continue
				}
				d := ofLetter(r)
				d.What, d.Task, d.Note = TaskMadeTwice, task, fmt.Sprintf("it has the mark (XML_ID) of task %d, "+
					"which is the ticket's", kept)
				d.Do = fmt.Sprintf("move what was said there to task %d, and delete it", kept)
				ds = append(ds, d.named(mark, fmt.Sprint(task)))
			}
		}
	}
	return ds, err
}

func withoutTask(records []desk.Record, tickets map[uint64]desk.Ticket, alive map[int64]desk.TaskState) []Difference {
	var ds []Difference
	for _, r := range records {
		t := tickets[r.Ticket]
		s, ok := alive[t.Task]
		if ok && t.Owns(s.Mark) {
			continue
		}
		d := ofLetter(r)
		d.What, d.Task, d.Note, d.Do = RecordWithoutTask, t.Task, "the task is not made yet", "helpdesk outbox list"
		switch byHand := "make a task of the letter in the mailbox by hand; what follows it makes one by itself"; {
		case ok:
			d.Note, d.Do = "its number is another task's by now: of a portal restored from a backup?", byHand
		case t.Task != 0:
			d.Note, d.Do = "the task was deleted, or is not ours to see any more", byHand+
				", or accept that it is deleted"
		case t.Status == desk.Gone:
			d.Note, d.Do = "the task was dropped from the outbox, or deleted and not made again yet", byHand
		}
		ds = append(ds, d.named(r.Key, fmt.Sprint(t.Task)))
	}
	return ds
}

// ofLetter returns a difference filled in with the data of a letter.
func ofLetter(r desk.Record) Difference {
	return Difference{
		Mailbox: r.Place.Mailbox,
		UID:     r.Place.UID,
		At:      r.Received,
		From:    r.From.Addr,
		Subject: r.Subject,
		Ticket:  r.Ticket,
	}
}

func unsent(a Archive, tickets map[uint64]desk.Ticket) ([]Difference, error) {
	all, err := a.Outbox.Pendings()
	var ds []Difference
	for _, p := range all {
		if p.Effect.Kind != desk.SendLetter || p.Effect.Letter.Once() {
			continue
		}
		t := tickets[p.Effect.Ticket]
		d := Difference{What: CommentNotSent, At: p.Added, From: t.Requester.Addr, Subject: t.Subject,
			Ticket: t.Number, Task: t.Task,
			Note: fmt.Sprintf("outbox entry %d: %s", p.Seq, p.Note), Do: "nothing: it is tried again"}
		if p.Held {
			d.Do = fmt.Sprintf("mend the cause, then helpdesk outbox retry %d; or drop %d", p.Seq, p.Seq)
		}
		ds = append(ds, d.named(p.Effect.Key))
	}
	return ds, err
}
