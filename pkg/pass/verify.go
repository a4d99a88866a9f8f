package pass

import (
	"context"
	"fmt"
	"time"

	"helpdesk/pkg/desk"
)

// Archive tells what was recorded, for verifying.
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

// Folder lists everything in a mailbox, seen or not.
type Folder interface {
	Since(ctx context.Context, t time.Time) ([]desk.Listing, error)
}

// Difference is one thing that does not agree.
type Difference struct {
	What    string    `json:"what"` // one of the constants below
	Mailbox string    `json:"mailbox,omitempty"`
	UID     uint32    `json:"uid,omitempty"`
	At      time.Time `json:"at,omitzero"`
	From    string    `json:"from,omitempty"`
	Subject string    `json:"subject,omitempty"`
	Ticket  uint64    `json:"ticket,omitempty"`
	Task    int64     `json:"task,omitempty"`
	File    string    `json:"file,omitempty"` // the name of the one that is missing
	Note    string    `json:"note,omitempty"`
}

// Shelf is what verifying asks of the portal.
type Shelf interface {
	Tasks
	Look(ctx context.Context, made []desk.Unconfirmed, since time.Time) ([]desk.Sight, error)
}

// What verify finds.
const (
	MailWithoutRecord = "mail without record"
	RecordWithoutTask = "record without task"
	CommentNotSent    = "comment not sent"
	FileNotOnTask     = "file not on the task"
	FilesNotCompared  = "files not compared"
	LeftForItsAge     = "left alone for its age"
)

// VerifyMailbox compares a mailbox with the records: every mail since the given time must have one. It returns how many
// mails it looked at.
func VerifyMailbox(ctx context.Context, b Box, f Folder, l Ledger, since, now time.Time) (int, []Difference, error) {
	ls, err := f.Since(ctx, since)
	if err != nil {
		return 0, nil, err
	}
	progress, err := l.Progress(ls)
	if err != nil {
		return 0, nil, err
	}
	var ds []Difference
	for i, l := range ls {
		if progress[i].Known {
			continue
		}
		d := Difference{What: MailWithoutRecord, Mailbox: b.Name, UID: l.UID, At: l.Received, Note: progress[i].Note}
		if b.MaxAge > 0 && now.Sub(l.Received) > b.MaxAge {
			d.What = LeftForItsAge
		}
		if l.Seen && d.Note == "" {
			d.Note = "read by somebody else before a pass saw it"
		}
		ds = append(ds, d)
	}
	return len(ls), ds, nil
}

// VerifyTickets compares the records with the portal: every record since the given time must have a live task with the
// letter's files, and every comment must have gone out. It returns how many records it looked at.
func VerifyTickets(ctx context.Context, p Shelf, a Archive, since time.Time) (int, []Difference, error) {
	tickets := map[uint64]desk.Ticket{}
	if err := a.Tickets.Each(func(t desk.Ticket) error { tickets[t.Number] = t; return nil }); err != nil {
		return 0, nil, err
	}
	var records []desk.Record
	err := a.Ledger.Records(since, func(r desk.Record) error {
		if r.Ticket != 0 {
			records = append(records, r)
		}
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	var wanted []int64
	asked := map[int64]bool{}
	for _, r := range records {
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
	lost, err := withoutFiles(ctx, p, a, since, records, tickets, alive)
	if err != nil {
		return 0, nil, err
	}
	unsent, err := unsent(a, tickets)
	return len(records), append(append(ds, lost...), unsent...), err
}

func withoutTask(records []desk.Record, tickets map[uint64]desk.Ticket, alive map[int64]desk.TaskState) []Difference {
	var ds []Difference
	for _, r := range records {
		t := tickets[r.Ticket]
		s, ok := alive[t.Task]
		if ok && t.Owns(s.Mark) {
			continue
		}
		note := "the task is not made yet"
		switch {
		case ok:
			note = "its number is another task's by now: of a portal restored from a backup?"
		case t.Task != 0:
			note = "the task was deleted, or is not ours to see any more"
		case t.Status == desk.Gone:
			note = "the task was dropped from the outbox, or deleted and not made again yet"
		}
		ds = append(ds, Difference{What: RecordWithoutTask, Mailbox: r.Place.Mailbox, UID: r.Place.UID, At: r.Received, From: r.From.Addr,
			Subject: r.Subject, Ticket: r.Ticket, Task: t.Task, Note: note})
	}
	return ds
}

func unsent(a Archive, tickets map[uint64]desk.Ticket) ([]Difference, error) {
	all, err := a.Outbox.Pendings()
	var ds []Difference
	for _, p := range all {
		if p.Effect.Kind != desk.SendLetter || p.Effect.Letter.Automatic() {
			continue
		}
		t := tickets[p.Effect.Ticket]
		ds = append(ds, Difference{What: CommentNotSent, At: p.Added, Subject: t.Subject, Ticket: t.Number, Task: t.Task,
			Note: fmt.Sprintf("outbox entry %d: %s", p.Seq, p.Note)})
	}
	return ds, err
}
