// Package outbox makes what the decisions of a pass left to be made: tasks, comments, letters.
//
// It takes the effects that are due from their queue, in rounds. A round parts them: one goroutine makes the tasks and
// comments (posts), others send the letters (letters), and when both have ended the results are recorded together. It
// decides nothing, and reads no mailbox but for the files of a message.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/naming"
	"helpdesk/pkg/render"
	"helpdesk/pkg/spool"
)

// Queue holds the effects not yet made.
type Queue interface {
	Due(now time.Time, most int, skip func(desk.Pending) bool) ([]desk.Pending, error)
	Start(now time.Time, a desk.Attempts) error
	Finish(now time.Time, results []desk.Result) error
	Waiting() (int, error)
	Refused(mailbox string) (waiting []desk.Pending, taken time.Time, err error)
}

// Sightings holds what was made and is not yet seen on the portal.
type Sightings interface {
	Unseen(before time.Time, most int) ([]desk.Unconfirmed, error)
	Saw(now time.Time, looked []desk.Looked) error
}

// Tickets knows our tickets by their numbers.
type Tickets interface {
	Ticket(n uint64) (desk.Ticket, error)
}

// Kept gives the messages of a place that the quarantine keeps whole.
type Kept interface {
	Stored(at desk.Place) ([][]byte, error)
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

// Portal makes effects.
type Portal interface {
	Prepare(ctx context.Context, addresses []string, files []desk.File,
		open func(i int) (io.ReadCloser, error)) (desk.Prepared, error)
	Make(ctx context.Context, effects []desk.Effect) []desk.Made
	Find(ctx context.Context, effects []desk.Effect, since time.Time) ([]desk.Made, error)
	States(ctx context.Context, tasks []int64) (map[int64]desk.TaskState, error)
	Download(ctx context.Context, f desk.File, w io.Writer) error
	Look(ctx context.Context, made []desk.Unconfirmed, since time.Time) ([]desk.Sight, error)
	Attach(ctx context.Context, e desk.Effect, missing []int) error
	Like(ctx context.Context, messages []int64, again bool) error
}

// Staff knows the users of the portal.
type Staff interface {
	Self() int64
	Dismissed(ctx context.Context, user int64) (bool, error)
}

// Relay takes our letters.
type Relay interface {
	Send(ctx context.Context, l desk.Letter) (desk.Sent, error)
	Close() error
}

// Originals gives messages from their mailbox.
type Originals interface {
	Fetch(ctx context.Context, ls []desk.Listing, limit int64,
		fn func(l desk.Listing, body *spool.Body, err error) error) error
	Close() error
}

// Texts renders letters and posts.
type Texts interface {
	Letter(kind desk.LetterKind, v render.Vars) (render.Rendered, error)
	Post(p desk.Post, v render.PostVars) (title, text string, err error)
	Missing(form desk.Form, names []string) string
	Note(n desk.Note) string
	Date(t time.Time) string
	OpensAt(t, now time.Time) string
	Event(e desk.Event, zone *time.Location) string
}

// Library gives the texts of a mailbox in a language; "" = what its specialists read.
type Library func(mailbox, locale string) Texts

// Kit is what writing takes. It is costly to make beside a pass that finds nothing to do.
type Kit struct {
	Rules *desk.Rules
	Names *naming.Names
	Texts Library
}

// Sender is a mailbox as the sender of our letters, and where the files of its messages are.
type Sender struct {
	Name         string
	From         desk.Address
	EnvelopeFrom string // of auto-replies; "" = the sender's address, "<>" = the null sender
	Zone         *time.Location

	Open  func(ctx context.Context) (Originals, error)
	Relay func(ctx context.Context) (Relay, error)

	Copies bool // the mailbox is to have copies of the letters
	Links  bool // letters may hold links to the portal
}

// Outbox is what makes effects.
type Outbox struct {
	Queue   Queue
	Seen    Sightings
	Tickets Tickets
	Kept    Kept
	People  People
	Portal  Portal
	Staff   Staff
	Senders []Sender

	Sources        []string                // where names come from, in their order: directory, bitrix24, onec
	OneC           Directory               // nil = none
	ProfileAge     time.Duration           // how long another directory's answer is believed
	Settle         time.Duration           // how long an attempt of unknown outcome may still come true on the portal
	Link           func(task int64) string // to a task on the portal
	PortalHost     string                  // whose addresses letters do not show, but where they may have links to it
	TellSent       bool                    // the task says of each answer that it went out
	LikeSent       bool                    // its message gets a like instead, on the new card
	MaxAttachments int64                   // bytes of a comment's files that go out with a letter
	Signer         desk.Signer
	Instance       string

	// Still returns an error where this run has lost the state to another: nothing more is made then.
	Still func() error
	Now   func() time.Time
	Log   *slog.Logger

	// Together replaces AtOnce, also for the pass; nil = no replacement. Tests that die at a step run functions one
	// after the other.
	Together func(fns ...func() error) error

	Bodies Bodies // the messages being worked on

	// What follows is of one pass, from Begin to End.
	queue   Queue // behind nets, as all that follows
	seen    Sightings
	tickets Tickets
	kept    Kept
	people  People
	oneC    Directory
	portal  Portal
	staff   Staff
	tally   *Tally
	kit     func() (Kit, error)
	tried   map[uint64]bool // entries of the queue that had their attempt; of the goroutine that calls Run and Round
	posts   posts           // of the goroutine that makes a round's tasks and comments
	letters letters         // of those that send its letters
}

// Begin starts a pass, which counts in t. The kit is asked for when the first effect is due.
func (o *Outbox) Begin(t *Tally, kit func() (Kit, error)) {
	o.queue, o.seen, o.tickets, o.kept = queueNet{o.Queue}, sightingsNet{o.Seen}, ticketsNet{o.Tickets}, keptNet{o.Kept}
	o.people, o.portal, o.staff, o.oneC = peopleNet{o.People}, portalNet{o.Portal}, staffNet{o.Staff}, nil
	if o.OneC != nil {
		o.oneC = directoryNet{o.OneC}
	}
	o.tally, o.tried = t, map[uint64]bool{}
	o.kit = sync.OnceValues(func() (k Kit, err error) {
		defer Caught("read templates and rules", &err)
		return kit()
	})
	o.posts = posts{Outbox: o}
	o.letters = letters{
		Outbox:   o,
		relays:   map[string]Relay{},
		failed:   map[string]int{},
		taken:    map[string]int{},
		refusals: map[uint64]refusal{},
	}
}

// End closes the relays of the pass and lets go of its messages.
func (o *Outbox) End() {
	o.letters.close()
	o.Bodies.Clear()
}

// Waiting returns how many effects wait for another attempt, be it one that this pass had nothing to do with.
func (o *Outbox) Waiting() (int, error) { return o.queue.Waiting() }

// Batch is how many effects a round takes at most: one batch of the portal makes as many.
const Batch = 50

// Run makes what is due, in rounds, until a round finds nothing more. An error is one of the state.
func (o *Outbox) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		before := len(o.tried)
		if err := o.Round(ctx); err != nil || len(o.tried) == before {
			return err
		}
	}
	return nil
}

// Round makes one round: of each ticket the first effect that is due, tasks and comments in one batch, and at the same
// time the letters.
func (o *Outbox) Round(ctx context.Context) error {
	due, err := o.queue.Due(o.Now(), Batch, o.skip)
	if err != nil || len(due) == 0 {
		return err
	}
	kit, err := o.kit()
	if err != nil {
		return err
	}
	forPortal, forRelays, results := o.part(due)
	var made, sent []desk.Result
	err = o.AtOnce(
		func() (err error) { made, err = o.posts.round(ctx, kit, forPortal); return err },
		func() (err error) { sent, err = o.letters.round(ctx, kit, forRelays); return err })
	if results = slices.Concat(results, made, sent); len(results) > 0 {
		err = errors.Join(err, o.queue.Finish(o.Now(), results))
	}
	return err
}

// part tells posts and letters apart, and what can't be made: earlier versions dropped a task, and nothing behind it.
func (o *Outbox) part(due []desk.Pending) (posts, letters []desk.Pending, lost []desk.Result) {
	for _, d := range due {
		o.tried[d.Seq] = true
		switch e := d.Effect; {
		case e.Kind == desk.OpenTask || e.Kind == desk.CommentTask && e.Task != 0:
			posts = append(posts, d)
		case e.Task != 0:
			letters = append(letters, d)
		default:
			lost = append(lost, o.hold(d, fmt.Errorf("make %s: ticket %d has no task", e.Kind, e.Ticket)))
		}
	}
	return posts, letters, lost
}

// skip reports whether an effect is to wait for another pass: it had its attempt in this one, or the server it needs
// was found away.
func (o *Outbox) skip(d desk.Pending) bool {
	if o.tried[d.Seq] {
		return true
	}
	if d.Effect.Kind == desk.SendLetter {
		return o.tally.Away(relayOf(d.Effect.Letter.Mailbox)) != nil
	}
	return o.tally.Away(portal) != nil
}

// The servers as the tally names them.
const portal = "portal"

func relayOf(mailbox string) string { return "relay " + mailbox }

// again puts off an effect. A server that is away is no fault of the effect's: the next pass tries it again.
func (o *Outbox) again(d desk.Pending, err error) desk.Result {
	own := fault.ExtentOf(err) == fault.One
	r := desk.Result{Seq: d.Seq, Again: true, Unsure: fault.Of(err) == fault.Unsure, Own: own, Note: err.Error()}
	wait := desk.Backoff(d.Failures+1, d.Effect.Key)
	if !own {
		wait = 0
	}
	r.Next = o.Now().Add(max(wait, fault.After(err)))
	return r
}

// hold keeps an effect for a person. Where the state is lost it is no fault of the effect's.
func (o *Outbox) hold(d desk.Pending, err error) desk.Result {
	if lost := o.Still(); lost != nil {
		return late(d, lost)
	}
	o.tally.Hold(fmt.Sprintf("outbox entry %d", d.Seq), err)
	return desk.Result{Seq: d.Seq, Hold: true, Unsure: d.Unsure, Note: err.Error()}
}

// late leaves an effect as it is: another host may have made it.
func late(d desk.Pending, err error) desk.Result {
	return desk.Result{Seq: d.Seq, Again: true, Unsure: true, Note: err.Error()}
}

// AtOnce runs functions in goroutines of their own and returns their errors when all have ended. A panic in one is its
// error.
func (o *Outbox) AtOnce(fns ...func() error) error {
	for i, fn := range fns {
		fns[i] = func() error { return Try("pass", fn) }
	}
	if o.Together != nil {
		return o.Together(fns...)
	}
	errs := make([]error, len(fns))
	var wg sync.WaitGroup
	for i, fn := range fns {
		wg.Go(func() { errs[i] = fn() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (o *Outbox) sender(name string) (Sender, bool) {
	for _, s := range o.Senders {
		if s.Name == name {
			return s, true
		}
	}
	return Sender{}, false
}

func seqs(due []desk.Pending) []uint64 {
	out := make([]uint64, len(due))
	for i, d := range due {
		out[i] = d.Seq
	}
	return out
}
