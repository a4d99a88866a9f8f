// Package pass is the shell around the decisions: one run from the facts to the report.
//
// A pass gathers facts, lets desk decide, records decision and effects in one transaction, makes the effects, and
// reports. It says in what order things happen, and nothing of what is decided or of how a server is spoken to: what it
// needs of a state, a mailbox, a portal and a relay stands here as interfaces.
package pass

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/render"
	"helpdesk/pkg/spool"
)

// Ledger remembers what was read and decided.
type Ledger interface {
	Progress(places []desk.Place) ([]desk.Progress, error)
	Ask(qs []desk.Questions) ([]desk.Facts, error)
	Record(now time.Time, entries []desk.Entry, window time.Duration, decide func(i int, f desk.Facts) (desk.Decision, error)) error
	Marked(places []desk.Place)
}

// Quarantine keeps what could not be processed.
type Quarantine interface {
	Attempted(now time.Time, p desk.Place, why string) (int, error)
	Keep(now time.Time, e desk.Entry, cause string, raw []byte, tell desk.Decision) (desk.Poison, error)
	Stored(p desk.Place) ([]byte, error)
	All() ([]desk.Poison, error)
	Release(seq uint64) error
}

// Outbox holds the effects not yet made.
type Outbox interface {
	Due(now time.Time, most int, skip func(desk.Pending) bool) ([]desk.Pending, error)
	Start(now time.Time, a desk.Attempts) error
	Finish(now time.Time, results []desk.Result) error
}

// Tickets knows our tickets, and how far the portal was read.
type Tickets interface {
	Ticket(n uint64) (desk.Ticket, error)
	ByTask(tasks []int64) (map[int64]desk.Ticket, error)
	Active(since time.Time) ([]desk.Ticket, error)
	Reading() (desk.Reading, error)
	RecordChanges(now time.Time, numbers []uint64, read desk.Reading, decide func(i int, t desk.Ticket, excluded []desk.Exclusion) (desk.Decision, error)) error
}

// People knows names by addresses.
type People interface {
	Contact(address string) (desk.Profile, bool, error)
	Profiles(source string, addresses []string, since time.Time) (map[string]desk.Profile, error)
	SetProfiles(now time.Time, source string, asked []string, found map[string]desk.Profile) error
}

// Directory is another directory of names, asked by folded address.
type Directory interface {
	Profiles(ctx context.Context, addresses []string) (map[string]desk.Profile, error)
}

// Mailbox is one folder of one IMAP account.
type Mailbox interface {
	List(ctx context.Context) ([]desk.Listing, error)
	Fetch(ctx context.Context, ls []desk.Listing, limit int64, fn func(l desk.Listing, body *spool.Body, err error) error) error
	InSent(ctx context.Context, id string) (bool, error)
	Mark(ctx context.Context, uids []uint32) error
	Close() error
}

// Relay takes our letters.
type Relay interface {
	Send(ctx context.Context, l desk.Letter) (raw []byte, err error)
	Close() error
}

// Portal makes effects.
type Portal interface {
	Prepare(ctx context.Context, addresses []string, files []desk.File, open func(i int) (io.ReadCloser, error)) (desk.Prepared, error)
	Make(ctx context.Context, effects []desk.Effect) []desk.Made
	Find(ctx context.Context, effects []desk.Effect, since time.Time) ([]desk.Made, error)
	States(ctx context.Context, tasks []int64) (map[int64]desk.TaskState, error)
}

// Feed tells what happened in the portal.
type Feed interface {
	Self() int64
	Changes(ctx context.Context, since time.Time) (desk.Changes, error)
	Talks(ctx context.Context, watches []desk.Watch) ([]desk.Talk, error)
	Rejoin(ctx context.Context, tasks []int64) ([]int64, error)
	Download(ctx context.Context, f desk.File, w io.Writer) error
}

// Texts renders letters and posts.
type Texts interface {
	Letter(kind desk.LetterKind, v render.Vars) (render.Rendered, error)
	Post(p desk.Post, v render.PostVars) (title, text string, err error)
	Missing(form desk.Form, names []string) string
	Date(t time.Time) string
}

// Box is a mailbox as configured: where its letters come from and go out.
type Box struct {
	Name         string
	Sender       desk.Address
	EnvelopeFrom string        // of auto-replies; "" = the sender's address, "<>" = the null sender
	MaxMessage   int64         // bytes
	MaxAge       time.Duration // older unseen mail is left alone; 0 = none is too old
	Moves        bool          // a message that is done is moved away
	Zone         *time.Location

	Open  func(ctx context.Context, readOnly bool) (Mailbox, error)
	Relay func(ctx context.Context) (Relay, error)
	Save  func(ctx context.Context, raw []byte, at time.Time) error // nil = no copy of our letters is kept
}

// Kit is what judging and writing take. It is costly to make beside a pass that finds nothing to do.
type Kit struct {
	Rules  *desk.Rules
	Texts  Texts
	Cutter *quote.Cutter
}

// Pass is what one run works with.
type Pass struct {
	Ledger     Ledger
	Quarantine Quarantine
	Outbox     Outbox
	Tickets    Tickets
	People     People
	Portal     Portal
	Feed       Feed
	Boxes      []Box
	Only       string // the mailbox that is read; "" = all. Letters go out and files are fetched for all of them

	Policy *desk.Policy
	Kit    func() (Kit, error) // called at most once, and not by a pass that finds nothing to do

	Sources        []string                // where names come from, in their order: directory, bitrix24, onec
	OneC           Directory               // nil = none
	ProfileAge     time.Duration           // how long another directory's answer is believed
	Settle         time.Duration           // how long an attempt of unknown outcome may still come true on the portal
	PoisonAfter    int                     // passes that may fail over one message
	Budget         time.Duration           // for one message
	Link           func(task int64) string // to a task on the portal; nil = letters have none
	PortalHost     string                  // whose addresses letters do not show; "" = they may
	MaxAttachments int64                   // bytes of a comment's files that go out with a letter
	Signer         desk.Signer
	Instance       string

	Now    func() time.Time
	Log    *slog.Logger
	Lines  bool       // the report keeps a line for each message or change
	Notify func(Line) // called for every message or change decided; nil = nobody listens

	// Advance is told how many messages are finished, marked or in a preview decided, of how many found so far; one call at
	// a time, none by a pass that finds nothing. nil = nobody listens.
	Advance func(done, total int)

	// Together runs functions at the same time and waits for them; nil = in goroutines. Tests that die at a step run
	// them one after the other.
	Together func(fns ...func() error) error

	kit    Kit
	bodies bodies
	mu     sync.Mutex // guards what follows, where functions run together
	dial   sync.Mutex // one relay is opened at a time
	relays map[string]Relay
	tried  map[uint64]bool  // entries of the outbox that had their attempt in this pass
	away   map[string]error // not to be asked again in this pass: "portal", "relay NAME", "marks of NAME"
	blamed int              // groups of effects whose failure was not taken for the portal's
	luck   map[string]int   // by relay: letters in a row that it failed over
	found  int              // messages to work through
	done   int              // of them finished
	report *Report
}

// equip gets the kit before the first thing is judged or written.
func (p *Pass) equip() (err error) {
	if p.kit.Rules == nil {
		p.kit, err = p.Kit()
	}
	return err
}

// together runs functions at the same time and returns their errors when all have ended.
func (p *Pass) together(fns ...func() error) error {
	if p.Together != nil {
		return p.Together(fns...)
	}
	errs := make([]error, len(fns))
	var wg sync.WaitGroup
	for i, fn := range fns {
		wg.Go(func() { errs[i] = fn() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

const chunk = 50 // messages recorded in one transaction, and made in one batch of the portal

func (p *Pass) begin(kind string) {
	p.report = &Report{Kind: kind, Started: p.Now()}
	p.relays, p.away, p.tried = map[string]Relay{}, map[string]error{}, map[uint64]bool{}
	p.luck, p.blamed = map[string]int{}, 0
	p.found, p.done = 0, 0
}

func (p *Pass) end() *Report {
	for name, r := range p.relays {
		if err := r.Close(); err != nil {
			p.Log.Debug("close relay", "mailbox", name, "err", err)
		}
	}
	p.bodies.clear()
	p.report.Ended = p.Now()
	return p.report
}

func (p *Pass) box(name string) (Box, bool) {
	for _, b := range p.Boxes {
		if b.Name == name {
			return b, true
		}
	}
	return Box{}, false
}
