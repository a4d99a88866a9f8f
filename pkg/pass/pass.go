// Package pass is the shell around the decisions: one run from the facts to the report.
//
// A pass gathers facts, lets desk decide, records decision and effects in one transaction, makes the effects, and
// reports. It says in what order things happen, and nothing of what is decided or of how a server is spoken to: what it
// needs of a state, a mailbox, a portal and a relay stands here as interfaces.
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

// Ledger remembers what was read and decided.
type Ledger interface {
	Progress(ls []desk.Listing) ([]desk.Progress, error)
	Ask(qs []desk.Questions) ([]desk.Facts, error)
	Record(now time.Time, entries []desk.Entry, window time.Duration,
		decide func(i int, f desk.Facts) (desk.Decision, error)) error
	Marked(places []desk.Place)
}

// Quarantine keeps what could not be processed.
type Quarantine interface {
	Attempted(now time.Time, e desk.Entry, why string) (int, error)
	Keep(now time.Time, e desk.Entry, k desk.Keeping, tell func(desk.Told) desk.Decision) (desk.Quarantined, error)
	Entry(seq uint64) (desk.Quarantined, []byte, error)
	All() ([]desk.Quarantined, error)
	Release(seq uint64) error
}

// Tickets knows our tickets, and how far the portal was read.
type Tickets interface {
	ByTask(tasks []int64) (map[int64]desk.Ticket, error)
	Active(since time.Time) ([]desk.Ticket, error)
	Reading() (desk.Reading, error)
	RecordChanges(now time.Time, numbers []uint64, read *desk.Reading,
		decide func(i int, f desk.AnnounceFacts) (desk.Decision, error)) error
}

// Mailbox is one folder of one IMAP account.
type Mailbox interface {
	Lister
	Fetch(ctx context.Context, ls []desk.Listing, limit int64,
		fn func(l desk.Listing, body *spool.Body, err error) error) error
	InSent(ctx context.Context, id string) (bool, error)
	Mark(ctx context.Context, uids []uint32) error
	Close() error
}

// Lister tells what lies in a mailbox.
type Lister interface {
	Unseen(ctx context.Context, since time.Time) ([]desk.Listing, error) // a zero time leaves none out
	Old(ctx context.Context, t time.Time) (int, error)                   // how many are unseen of the days before
	Since(ctx context.Context, t time.Time) ([]desk.Listing, error)      // seen or not
	// the field of each header as it stands there
	MessageIDs(ctx context.Context, uids []uint32) (map[uint32][]byte, error)
}

// Tasks tells how tasks stand; one that is gone is left out.
type Tasks interface {
	States(ctx context.Context, tasks []int64) (map[int64]desk.TaskState, error)
}

// Feed tells what happened in the portal.
type Feed interface {
	Users() []int64 // all whom it has known us as
	Moved() error   // the portal knows us as another user than before; once, by the run that finds it out
	Changes(ctx context.Context, since time.Time) (desk.Changes, error)
	Talks(ctx context.Context, watches []desk.Watch) ([]desk.Talk, error)
	Rejoin(ctx context.Context, tasks []int64) ([]int64, error)
}

// Box is a mailbox as configured: what is read of it, and how.
type Box struct {
	Name       string
	MaxMessage int64         // bytes
	MaxAge     time.Duration // older unseen mail is left alone; 0 = none is too old
	Moves      bool          // a message that is done is moved away
	Zone       *time.Location

	Open func(ctx context.Context, readOnly bool) (Mailbox, error)
}

// Kit is what judging and writing take. It is costly to make beside a pass that finds nothing to do.
type Kit struct {
	outbox.Kit
	Cutter    *quote.Cutter
	Languages *lang.Detector
}

// Pass is what one run works with.
type Pass struct {
	Ledger     Ledger
	Quarantine Quarantine
	Tickets    Tickets
	Portal     Tasks
	Feed       Feed
	Boxes      []Box
	Looked     Looked // what was found in those that a poll reads. Letters go out and files are fetched for all of them
	Outbox     *outbox.Outbox

	// the state may have forgotten messages marked since then, so that they are looked at as well; zero = none
	Lost time.Time

	Policy *desk.Policy
	Kit    func() (Kit, error) // called at most once, and not by a pass that finds nothing to do

	Diary           Diary         // nil = none
	QuarantineAfter int           // passes that may fail over one message
	Budget          time.Duration // for one message
	Signer          desk.Signer
	Instance        string

	Now    func() time.Time
	Log    *slog.Logger
	Lines  bool       // the report keeps a line for each message or change
	Notify func(Line) // called for every message or change decided; nil = nobody listens

	// Advance is told how many messages are finished, marked or in a preview decided, of how many found so far; one
	// call at a time, none by a pass that finds nothing. nil = nobody listens.
	Advance func(done, total int)

	// What follows is of one pass. While the outbox makes a round, one goroutine marks, fetches and decides: but for
	// the tally and the kit all is of the goroutine that has the mailbox.
	ledger     Ledger // behind nets, as the next five
	quarantine Quarantine
	tickets    Tickets
	portal     Tasks
	feed       Feed
	diary      Diary
	roomless   []desk.Listing // messages for which there is no room beside others
	runaways   atomic.Int32   // messages whose work goes on past their budget
	tally      *outbox.Tally
	shown      shown // by the portal, as far as this pass has read it
	report     *Report
	equip      func() (Kit, error)
	kit        Kit // once equipped
	found      int // messages to work through
	done       int // of them finished
}

// run makes a pass of fn. Its report is there whatever becomes of fn.
func (p *Pass) run(kind string, dry bool, fn func() error) (*Report, error) {
	p.begin(kind)
	p.report.DryRun = dry
	err := outbox.Try(kind, fn)
	if err == nil && !dry {
		err = p.countWaiting()
	}
	return p.end(), err
}

// countWaiting counts what waits for another attempt where the pass itself put nothing off: all is done only when
// nothing waits.
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

// ready gets the kit before the first thing is judged.
func (p *Pass) ready() (err error) {
	p.kit, err = p.equip()
	return err
}

const chunk = outbox.Batch // messages recorded in one transaction

func (p *Pass) box(name string) (Box, bool) {
	for _, b := range p.Boxes {
		if b.Name == name {
			return b, true
		}
	}
	return Box{}, false
}
