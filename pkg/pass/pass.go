// Package pass runs one pass, from gathering facts to the report. It contains neither the decisions nor the protocols
// of servers, but only the order of the steps.
//
// A pass gathers facts, lets package desk decide, records decisions and effects in one transaction, makes the effects,
// and reports. The state, the mailboxes, the portal and the relays are interfaces defined here.
package pass

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/lang"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/spool"
)

// Ledger records which messages were read and what was decided.
type Ledger interface {
	Progress(ls []desk.Listing) ([]desk.Progress, error)
	Ask(qs []desk.Questions) ([]desk.Facts, error)
	Record(now time.Time, entries []desk.Entry, window time.Duration,
		decide func(i int, f desk.Facts) (desk.Decision, error)) error
	Marked(places []desk.Place)
}

// Quarantine stores messages that could not be processed.
type Quarantine interface {
	Attempted(now time.Time, e desk.Entry, why string) (int, error)
	Keep(now time.Time, e desk.Entry, k desk.Keeping, tell func(desk.Told) desk.Decision) (desk.Quarantined, error)
	Entry(seq uint64) (desk.Quarantined, []byte, error)
	All() ([]desk.Quarantined, error)
	Release(seq uint64) error
}

// Tickets returns our tickets, and how far the portal was read.
type Tickets interface {
	ByTask(tasks []int64) (map[int64]desk.Ticket, error)
	Active(since time.Time) ([]desk.Ticket, error)
	Reading() (desk.Reading, error)
	RecordChanges(now time.Time, numbers []uint64, read *desk.Reading,
		decide func(i int, f desk.AnnounceFacts) (desk.Decision, error)) error
}

// Mailbox is one folder of an IMAP account.
type Mailbox interface {
	Lister
	Fetch(ctx context.Context, ls []desk.Listing, limit int64,
		fn func(l desk.Listing, body *spool.Body, err error) error) error
	InSent(ctx context.Context, id string) (bool, error)
	Mark(ctx context.Context, uids []uint32) error
	Close() error
}

// Lister lists the messages of a mailbox.
type Lister interface {
	Unseen(ctx context.Context, since time.Time) ([]desk.Listing, error) // at or after since; zero = all
	Old(ctx context.Context, t time.Time) (int, error)                   // number of unread ones from the days before
	Since(ctx context.Context, t time.Time) ([]desk.Listing, error)      // read and unread
	// the raw Message-ID field of each header
	MessageIDs(ctx context.Context, uids []uint32) (map[uint32][]byte, error)
}

// Tasks returns the states of tasks; a deleted task is left out.
type Tasks interface {
	States(ctx context.Context, tasks []int64) (map[int64]desk.TaskState, error)
}

// Feed returns what happened in the portal.
type Feed interface {
	Users() []int64 // all users as which we have acted
	Moved() error   // an error if the webhook now acts as another user; reported once, by the run that notices it
	Changes(ctx context.Context, since time.Time) (desk.Changes, error)
	Talks(ctx context.Context, watches []desk.Watch) ([]desk.Talk, error)
	Rejoin(ctx context.Context, tasks []int64) ([]int64, error)
}

// Box is a configured mailbox.
type Box struct {
	Name       string
	MaxMessage int64         // bytes
	MaxAge     time.Duration // older unread mail is ignored; 0 = no limit
	Moves      bool          // processed messages are moved to another folder
	Zone       *time.Location

	Open func(ctx context.Context, readOnly bool) (Mailbox, error)
}

// Kit contains what is needed for decisions and texts. Loading it takes long compared with a pass that finds nothing to
// do.
type Kit struct {
	outbox.Kit
	Languages *lang.Detector
}

// Pass is one run with everything it uses.
type Pass struct {
	Ledger     Ledger
	Quarantine Quarantine
	Tickets    Tickets
	Portal     Tasks
	Feed       Feed
	Boxes      []Box
	Looked     Looked // mailboxes that this poll reads; letters are sent and files fetched for all Boxes
	Outbox     *outbox.Outbox

	// the state may have forgotten messages marked since then, so they are checked as well; zero = not needed
	Lost time.Time

	Policy *desk.Policy
	Kit    func() (Kit, error)           // called at most once, and only if there is something to do
	Cutter func() (*quote.Cutter, error) // called at most once, and only if there is a letter to read

	Diary           Diary         // may be nil
	QuarantineAfter int           // number of passes that may fail over one message
	Budget          time.Duration // time limit for one message
	Signer          desk.Signer
	Instance        string

	Now    func() time.Time
	Log    *slog.Logger
	Lines  bool       // if set, the report lists every message or change
	Notify func(Line) // called for every decided message or change; may be nil

	// Advance is called with the number of finished messages and the number found so far. Finished means marked or, in
	// a preview, decided. It is never called concurrently, and not at all by a pass that finds nothing. It may be nil.
	Advance func(done, total int)

	// The following fields belong to one pass. While the outbox makes a round, another goroutine marks, fetches and
	// decides. That goroutine owns the mailbox and all these fields except the tally and the kit, which are shared.
	ledger     Ledger // wrapped in nets, like the next four
	quarantine Quarantine
	tickets    Tickets
	portal     Tasks
	feed       Feed
	diary      Diary
	roomless   []desk.Listing // messages that do not fit on the disk beside others
	runaways   atomic.Int32   // messages whose work continues past its budget
	tally      *outbox.Tally
	shown      shown // what the portal has shown in this pass
	report     *Report
	equip      func() (Kit, error)
	compileCut func() (*quote.Cutter, error)
	kit        Kit           // set by ready
	cutter     *quote.Cutter // set by readyToRead
	found      int           // messages found
	done       int           // messages finished
}

// run makes a pass that consists of fn. It returns a report even if fn fails.
func (p *Pass) run(kind string, dry bool, fn func() error) (*Report, error) {
	p.begin(kind)
	p.report.DryRun = dry
	err := outbox.Try(kind, fn)
	if err == nil && !dry {
		err = p.countWaiting()
	}
	return p.end(), err
}

// countWaiting counts effects from earlier passes that will be retried, if this pass itself has postponed nothing. A
// pass is complete only if nothing is waiting.
func (p *Pass) countWaiting() error {
	if c, _ := p.tally.Result(); c.Waiting > 0 {
		return nil
	}
	n, err := p.Outbox.Waiting()
	p.tally.Wait(n)
	return err
}

func (p *Pass) begin(kind string) {
	p.report = &Report{Kind: kind, Started: p.Now()}
	p.tally, p.found, p.done = outbox.NewTally(p.Log), 0, 0
	p.ledger, p.quarantine, p.tickets = ledgerNet{p.Ledger, p.Log}, quarantineNet{p.Quarantine}, ticketsNet{p.Tickets}
	p.portal, p.feed = tasksNet{p.Portal}, feedNet{p.Feed}
	if p.diary = p.Diary; p.diary == nil {
		p.diary = noDiary{}
	}
	p.runaways.Store(0)
	p.equip = sync.OnceValues(func() (k Kit, err error) {
		defer outbox.Caught("read templates and rules", &err)
		return p.Kit()
	})
	p.compileCut = sync.OnceValues(func() (c *quote.Cutter, err error) {
		defer outbox.Caught("read templates and rules", &err)
		return p.Cutter()
	})
	p.kit, p.cutter = Kit{}, nil
	p.Outbox.Begin(p.tally, func() (outbox.Kit, error) {
		k, err := p.equip()
		return k.Kit, err
	})
}

func (p *Pass) end() *Report {
	p.Outbox.End()
	if err := p.feed.Moved(); err != nil {
		p.tally.Hold("portal", err)
	}
	p.report.Ended = p.Now()
	p.report.Counts, p.report.Problems = p.tally.Result()
	return p.report
}

// ready loads the kit before the first decision.
func (p *Pass) ready() (err error) {
	if p.kit.Rules == nil {
		p.kit, err = p.equip()
	}
	return err
}

// readyToRead loads the kit and the cutter before the first letter is read.
func (p *Pass) readyToRead() error {
	err := p.ready()
	if err == nil && p.cutter == nil {
		p.cutter, err = p.compileCut()
	}
	return err
}

const chunk = outbox.Batch // maximum number of messages recorded in one transaction

func (p *Pass) box(name string) (Box, bool) {
	for _, b := range p.Boxes {
		if b.Name == name {
			return b, true
		}
	}
	return Box{}, false
}
