package pass

import (
	"context"
	"log/slog"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/spool"
)

// The nets wrap the interfaces given to a pass and turn a panic into an error. A panic of a mailbox becomes an error of
// that mailbox only.

type ledgerNet struct {
	Ledger
	log *slog.Logger
}

func (n ledgerNet) Progress(ls []desk.Listing) (ps []desk.Progress, err error) {
	defer outbox.Caught("look up messages", &err)
	return n.Ledger.Progress(ls)
}

func (n ledgerNet) Ask(qs []desk.Questions) (fs []desk.Facts, err error) {
	defer outbox.Caught("look up facts", &err)
	return n.Ledger.Ask(qs)
}

func (n ledgerNet) Record(now time.Time, es []desk.Entry, window time.Duration,
	decide func(i int, f desk.Facts) (desk.Decision, error)) (err error) {
	defer outbox.Caught("record messages", &err)
	return n.Ledger.Record(now, es, window, decide)
}

func (n ledgerNet) Marked(places []desk.Place) {
	if err := outbox.Try("note marks", func() error { n.Ledger.Marked(places); return nil }); err != nil {
		n.log.Warn("note marks", "err", err) // the next pass will mark them again
	}
}

type quarantineNet struct{ Quarantine }

func (n quarantineNet) Attempted(now time.Time, e desk.Entry, why string) (tries int, err error) {
	defer outbox.Caught("note a failed attempt", &err)
	return n.Quarantine.Attempted(now, e, why)
}

func (n quarantineNet) Keep(now time.Time, e desk.Entry, k desk.Keeping,
	tell func(desk.Told) desk.Decision) (q desk.Quarantined, err error) {
	defer outbox.Caught("quarantine message", &err)
	return n.Quarantine.Keep(now, e, k, tell)
}

func (n quarantineNet) Entry(seq uint64) (q desk.Quarantined, raw []byte, err error) {
	defer outbox.Caught("read quarantine", &err)
	return n.Quarantine.Entry(seq)
}

func (n quarantineNet) All() (all []desk.Quarantined, err error) {
	defer outbox.Caught("read quarantine", &err)
	return n.Quarantine.All()
}

func (n quarantineNet) Release(seq uint64) (err error) {
	defer outbox.Caught("release from quarantine", &err)
	return n.Quarantine.Release(seq)
}

type ticketsNet struct{ Tickets }

func (n ticketsNet) ByTask(tasks []int64) (found map[int64]desk.Ticket, err error) {
	defer outbox.Caught("look up tickets", &err)
	return n.Tickets.ByTask(tasks)
}

func (n ticketsNet) Active(since time.Time) (all []desk.Ticket, err error) {
	defer outbox.Caught("look up tickets", &err)
	return n.Tickets.Active(since)
}

func (n ticketsNet) Reading() (r desk.Reading, err error) {
	defer outbox.Caught("look up how far the portal is read", &err)
	return n.Tickets.Reading()
}

func (n ticketsNet) RecordChanges(now time.Time, numbers []uint64, read *desk.Reading,
	decide func(i int, f desk.AnnounceFacts) (desk.Decision, error)) (err error) {
	defer outbox.Caught("record changes", &err)
	return n.Tickets.RecordChanges(now, numbers, read, decide)
}

type tasksNet struct{ Tasks }

func (n tasksNet) States(ctx context.Context, tasks []int64) (states map[int64]desk.TaskState, err error) {
	defer outbox.Caught("look at tasks", &err)
	return n.Tasks.States(ctx, tasks)
}

type feedNet struct{ Feed }

func (n feedNet) Changes(ctx context.Context, since time.Time) (c desk.Changes, err error) {
	defer outbox.Caught("read changes", &err)
	return n.Feed.Changes(ctx, since)
}

func (n feedNet) Talks(ctx context.Context, ws []desk.Watch) (talks []desk.Talk, err error) {
	defer outbox.Caught("read comments", &err)
	return n.Feed.Talks(ctx, ws)
}

func (n feedNet) Users() (users []int64) {
	var err error
	defer outbox.Caught("see who we are", &err)
	return n.Feed.Users()
}

func (n feedNet) Moved() (err error) {
	defer outbox.Caught("see who we are", &err)
	return n.Feed.Moved()
}

func (n feedNet) Rejoin(ctx context.Context, tasks []int64) (joined []int64, err error) {
	defer outbox.Caught("take part in tasks again", &err)
	return n.Feed.Rejoin(ctx, tasks)
}

type mailboxNet struct{ Mailbox }

// lost turns a panic of a mailbox into the error of a mailbox that is away, so that the others continue.
func lost(what string, fn func() error) error {
	err := outbox.Try(what, fn)
	if outbox.Panicked(err) {
		return fault.Away(fault.Refused, err)
	}
	return err
}

func (n mailboxNet) Unseen(ctx context.Context, since time.Time) (ls []desk.Listing, err error) {
	err = lost("list messages", func() (err error) { ls, err = n.Mailbox.Unseen(ctx, since); return err })
	return ls, err
}

func (n mailboxNet) Old(ctx context.Context, t time.Time) (old int, err error) {
	err = lost("count messages", func() (err error) { old, err = n.Mailbox.Old(ctx, t); return err })
	return old, err
}

func (n mailboxNet) MessageIDs(ctx context.Context, uids []uint32) (ids map[uint32][]byte, err error) {
	err = lost("read Message-IDs", func() (err error) { ids, err = n.Mailbox.MessageIDs(ctx, uids); return err })
	return ids, err
}

func (n mailboxNet) Fetch(ctx context.Context, ls []desk.Listing, limit int64,
	fn func(l desk.Listing, body *spool.Body, err error) error) error {
	return lost("fetch messages", func() error { return n.Mailbox.Fetch(ctx, ls, limit, fn) })
}

func (n mailboxNet) Since(ctx context.Context, t time.Time) (ls []desk.Listing, err error) {
	err = lost("list messages", func() (err error) { ls, err = n.Mailbox.Since(ctx, t); return err })
	return ls, err
}

func (n mailboxNet) InSent(ctx context.Context, id string) (there bool, err error) {
	err = lost("look into Sent", func() (err error) { there, err = n.Mailbox.InSent(ctx, id); return err })
	return there, err
}

func (n mailboxNet) Mark(ctx context.Context, uids []uint32) error {
	return lost("mark messages", func() error { return n.Mailbox.Mark(ctx, uids) })
}

func (n mailboxNet) Close() error {
	return lost("close mailbox", n.Mailbox.Close)
}

// open opens a mailbox.
func (b Box) open(ctx context.Context, readOnly bool) (mb Mailbox, err error) {
	err = lost("open mailbox", func() (err error) {
		if mb, err = b.Open(ctx, readOnly); err == nil {
			mb = mailboxNet{mb}
		}
		return err
	})
	return mb, err
}
