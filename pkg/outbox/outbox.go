// Package outbox makes the effects that a pass has decided on: tasks, comments and letters. It makes no decisions, and
// it reads mailboxes only to get the files of messages.
//
// It gets the due effects from their queue, in rounds. In each round, one goroutine makes the tasks and comments
// (posts) while others send the letters (letters). When all are finished, the results are recorded together.
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

// Queue contains the pending effects.
type Queue interface {
	Due(now time.Time, most int, skip func(desk.Pending) bool) ([]desk.Pending, error)
	// Start records attempts, and Finish their results. Both may be written after they have returned; Flush waits for
	// that, and what was recorded first is written first.
	Start(now time.Time, a desk.Attempts) error
	Finish(now time.Time, results []desk.Result) error
	Flush() error
	Waiting() (int, error)
	Refused(mailbox string) (waiting []desk.Pending, taken time.Time, err error)
}

// Sightings contains what was made but has not been seen in the portal yet.
type Sightings interface {
	Unseen(before time.Time, most int) ([]desk.Unconfirmed, error)
	Saw(now time.Time, looked []desk.Looked) error
}

// Tickets returns our tickets by number.
type Tickets interface {
	Ticket(n uint64) (desk.Ticket, error)
}

// Kept returns the messages of a place that are stored in the quarantine.
type Kept interface {
	Stored(at desk.Place) ([][]byte, error)
}

// People returns names by address.
type People interface {
	// Ahead announces that the names of these addresses will be asked for, so that a remote state reads them in one
	// request.
	Ahead(sources, addresses []string)
	Contact(address string) (desk.Profile, bool, error)
	Profiles(source string, addresses []string, since time.Time) (map[string]desk.Profile, error)
	SetProfiles(now time.Time, source string, asked []string, found map[string]desk.Profile) error
}

// Directory is an external directory of names, queried by folded address.
type Directory interface {
	Profiles(ctx context.Context, addresses []string) (map[string]desk.Profile, error)
}

// Portal makes tasks and comments.
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

// Staff returns information about users of the portal.
type Staff interface {
	Self() int64
	Dismissed(ctx context.Context, user int64) (bool, error)
}

// Relay sends our letters.
type Relay interface {
	Send(ctx context.Context, l desk.Letter) (desk.Sent, error)
	Close() error
}

// Originals fetches messages from their mailbox.
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

// Library returns the texts for a mailbox in a language; "" = the language of its specialists.
type Library func(mailbox, locale string) Texts

// Kit contains what is needed to write texts. Loading it takes long compared with a pass that finds nothing to do.
type Kit struct {
	Rules *desk.Rules
	Names *naming.Names
	Texts Library
}

// Sender is a mailbox, used to send our letters and to read the files of its messages.
type Sender struct {
	Name         string
	From         desk.Address
	EnvelopeFrom string // of auto-replies; "" = the sender's address, "<>" = the null sender
	Zone         *time.Location

	Open  func(ctx context.Context) (Originals, error)
	Relay func(ctx context.Context) (Relay, error)

	Copies bool // copies of sent letters are stored in the mailbox
	Links  bool // letters may contain links to the portal
}

// Outbox makes effects.
type Outbox struct {
	Queue   Queue
	Seen    Sightings
	Tickets Tickets
	Kept    Kept
	People  People
	Portal  Portal
	Staff   Staff
	Senders []Sender

	Sources        []string                // sources of names, in this order: directory, bitrix24, onec
	OneC           Directory               // may be nil
	ProfileAge     time.Duration           // how long answers of another directory stay valid
	Settle         time.Duration           // how long a request may still take effect in the portal
	Link           func(task int64) string // returns the link to a task
	PortalHost     string                  // addresses on this host are cut from letters unless Sender.Links is set
	TellSent       bool                    // for each sent answer, a remark is added to the task
	LikeSent       bool                    // on the new card, the message gets a like instead
	MaxAttachments int64                   // maximum total size of the files of a letter, in bytes
	Signer         desk.Signer
	Instance       string

	// Still returns an error if this run has lost the state to another run. In that case nothing more is made.
	Still func() error
	Now   func() time.Time
	Log   *slog.Logger

	// Together replaces AtOnce if it is set, also for the pass. Tests that stop at a certain step run the
	// functions one after the other.
	Together func(fns ...func() error) error

	Bodies Bodies // the messages being processed

	// The following fields belong to one pass, from Begin to End.
	queue   Queue // wrapped in nets, like the fields below
	seen    Sightings
	tickets Tickets
	kept    Kept
	people  People
	oneC    Directory
	portal  Portal
	staff   Staff
	tally   *Tally
	kit     func() (Kit, error)
	tried   map[uint64]bool // entries already attempted; used by the goroutine that calls Run and Round
	posts   posts           // used by the goroutine that makes a round's tasks and comments
	letters letters         // used by the goroutines that send its letters
}

// Begin starts a pass that counts its results in t. It calls kit when the first effect is due.
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

// End closes the pass's connections to relays and removes its messages.
func (o *Outbox) End() {
	o.letters.close()
	o.Bodies.Clear()
}

// Waiting returns the number of effects that will be retried, including those that this pass has not touched.
func (o *Outbox) Waiting() (int, error) { return o.queue.Waiting() }

// Batch is the maximum number of effects in a round. It equals the size of a batch of the portal.
const Batch = 50

// Run makes the due effects, in rounds, until there are no more, and waits until their results are written. Errors come
// only from the state.
func (o *Outbox) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		before := len(o.tried)
		if err := o.Round(ctx); err != nil {
			return err
		}
		if len(o.tried) == before {
			break
		}
	}
	return o.Flush()
}

// Flush waits until the results of all rounds are written.
func (o *Outbox) Flush() error { return o.queue.Flush() }

// Round makes one round: the first due effect of each ticket. Tasks and comments are made in one batch, and letters are
// sent at the same time.
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
	o.Ahead(correspondents(due))
	var made, sent []desk.Result
	err = o.AtOnce(
		func() (err error) { made, err = o.posts.round(ctx, kit, forPortal); return err },
		func() (err error) { sent, err = o.letters.round(ctx, kit, forRelays); return err })
	if results = slices.Concat(results, made, sent); len(results) > 0 {
		err = errors.Join(err, o.queue.Finish(o.Now(), results))
	}
	return err
}

// Ahead announces that the names of these addresses will be asked for.
func (o *Outbox) Ahead(addresses []string) { o.people.Ahead(o.Sources, addresses) }

// part separates posts, letters and effects that cannot be made. The latter exist because earlier versions dropped a
// task without the effects that waited for it.
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

// skip reports whether an effect waits for another pass: it was attempted in this one, or the server it needs is away.
func (o *Outbox) skip(d desk.Pending) bool {
	if o.tried[d.Seq] {
		return true
	}
	if d.Effect.Kind == desk.SendLetter {
		return o.tally.Away(relayOf(d.Effect.Letter.Mailbox)) != nil
	}
	return o.tally.Away(portal) != nil
}

// Names of the servers in the tally.
const portal = "portal"

func relayOf(mailbox string) string { return "relay " + mailbox }

// again postpones an effect. If its server is away, the next pass retries it.
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

// hold keeps an effect for a person. If the state was lost, it leaves the effect to the other host.
func (o *Outbox) hold(d desk.Pending, err error) desk.Result {
	if lost := o.Still(); lost != nil {
		return late(d, lost)
	}
	o.tally.Hold(fmt.Sprintf("outbox entry %d", d.Seq), err)
	return desk.Result{Seq: d.Seq, Hold: true, Unsure: d.Unsure, Note: err.Error()}
}

// late leaves an effect pending and unsure: another host may have made it.
func late(d desk.Pending, err error) desk.Result {
	return desk.Result{Seq: d.Seq, Again: true, Unsure: true, Note: err.Error()}
}

// AtOnce runs each function in a goroutine of its own, waits for all and returns their errors. A panic is returned as
// an error.
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
