package pass_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/render"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/spool"
	"helpdesk/pkg/store"
	"helpdesk/pkg/worktime"
)

// trap is called before each call, and may panic.
type trap func(name string, args ...any)

type (
	trapQueue struct {
		outbox.Queue
		t trap
	}
	trapSightings struct {
		outbox.Sightings
		t trap
	}
	trapTicket struct {
		outbox.Tickets
		t trap
	}
	trapKept struct {
		outbox.Kept
		t trap
	}
	trapPeople struct {
		outbox.People
		t trap
	}
	trapDirectory struct{ t trap }
	trapPortal    struct {
		outbox.Portal
		t trap
	}
	trapTexts struct {
		outbox.Texts
		t trap
	}
	trapRelay struct {
		outbox.Relay
		t trap
	}
	trapOriginals struct {
		outbox.Originals
		t trap
	}
	trapLedger struct {
		pass.Ledger
		t trap
	}
	trapQuarantine struct {
		pass.Quarantine
		t trap
	}
	trapTickets struct {
		pass.Tickets
		t trap
	}
	trapTasks struct {
		pass.Tasks
		t trap
	}
	trapFeed struct {
		pass.Feed
		t trap
	}
	trapMailbox struct {
		pass.Mailbox
		t trap
	}
)

func (x trapQueue) Due(now time.Time, most int, skip func(desk.Pending) bool) ([]desk.Pending, error) {
	x.t("Queue.Due")
	return x.Queue.Due(now, most, skip)
}

func (x trapQueue) Start(now time.Time, a desk.Attempts) error {
	x.t("Queue.Start", a)
	return x.Queue.Start(now, a)
}

func (x trapQueue) Finish(now time.Time, rs []desk.Result) error {
	x.t("Queue.Finish")
	return x.Queue.Finish(now, rs)
}

func (x trapQueue) Flush() error {
	x.t("Queue.Flush")
	return x.Queue.Flush()
}

func (x trapQueue) Waiting() (int, error) {
	x.t("Queue.Waiting")
	return x.Queue.Waiting()
}

func (x trapQueue) Refused(mailbox string) ([]desk.Pending, time.Time, error) {
	x.t("Queue.Refused")
	return x.Queue.Refused(mailbox)
}

func (x trapTicket) Ticket(n uint64) (desk.Ticket, error) {
	t, err := x.Tickets.Ticket(n)
	x.t("Tickets.Ticket", t)
	return t, err
}

func (x trapKept) Stored(at desk.Place) ([][]byte, error) {
	x.t("Kept.Stored", at)
	return x.Kept.Stored(at)
}

func (x trapPeople) Ahead(sources, addresses []string) {
	x.t("People.Ahead", addresses)
	x.People.Ahead(sources, addresses)
}

func (x trapPeople) Contact(address string) (desk.Profile, bool, error) {
	x.t("People.Contact", address)
	return x.People.Contact(address)
}

func (x trapPeople) Profiles(source string, addresses []string, since time.Time) (map[string]desk.Profile, error) {
	x.t("People.Profiles", addresses)
	return x.People.Profiles(source, addresses, since)
}

func (x trapPeople) SetProfiles(now time.Time, source string, asked []string, found map[string]desk.Profile) error {
	x.t("People.SetProfiles", asked)
	return x.People.SetProfiles(now, source, asked, found)
}

func (x trapDirectory) Profiles(_ context.Context, addresses []string) (map[string]desk.Profile, error) {
	x.t("Directory.Profiles", addresses)
	return nil, nil
}

func (x trapPortal) Prepare(ctx context.Context, as []string, fs []desk.File,
	open func(int) (io.ReadCloser, error)) (desk.Prepared, error) {
	x.t("Portal.Prepare", as, fs)
	return x.Portal.Prepare(ctx, as, fs, open)
}

func (x trapPortal) Make(ctx context.Context, es []desk.Effect) []desk.Made {
	x.t("Portal.Make", es)
	return x.Portal.Make(ctx, es)
}

func (x trapSightings) Unseen(before time.Time, most int) ([]desk.Unconfirmed, error) {
	x.t("Sightings.Unseen")
	return x.Sightings.Unseen(before, most)
}

func (x trapSightings) Saw(now time.Time, looked []desk.Looked) error {
	x.t("Sightings.Saw", looked)
	return x.Sightings.Saw(now, looked)
}

func (x trapPortal) Look(ctx context.Context, made []desk.Unconfirmed, since time.Time) ([]desk.Sight, error) {
	x.t("Portal.Look", made)
	return x.Portal.Look(ctx, made, since)
}

func (x trapPortal) Attach(ctx context.Context, e desk.Effect, missing []int) error {
	x.t("Portal.Attach", e)
	return x.Portal.Attach(ctx, e, missing)
}

func (x trapPortal) Like(ctx context.Context, messages []int64, again bool) error {
	x.t("Portal.Like", messages)
	return x.Portal.Like(ctx, messages, again)
}

func (x trapPortal) Find(ctx context.Context, es []desk.Effect, since time.Time) ([]desk.Made, error) {
	x.t("Portal.Find", es)
	return x.Portal.Find(ctx, es, since)
}

func (x trapPortal) States(ctx context.Context, tasks []int64) (map[int64]desk.TaskState, error) {
	x.t("Portal.States")
	return x.Portal.States(ctx, tasks)
}

func (x trapPortal) Download(ctx context.Context, f desk.File, w io.Writer) error {
	x.t("Portal.Download", f)
	return x.Portal.Download(ctx, f, w)
}

func (x trapTexts) Letter(kind desk.LetterKind, v render.Vars) (render.Rendered, error) {
	x.t("Texts.Letter", v.Address)
	return x.Texts.Letter(kind, v)
}

func (x trapTexts) Post(p desk.Post, v render.PostVars) (string, string, error) {
	x.t("Texts.Post", p)
	return x.Texts.Post(p, v)
}

func (x trapTexts) Note(n desk.Note) string {
	x.t("Texts.Note", n)
	return x.Texts.Note(n)
}

func (x trapTexts) Missing(form desk.Form, names []string) string {
	x.t("Texts.Missing", names)
	return x.Texts.Missing(form, names)
}

func (x trapTexts) Date(at time.Time) string {
	x.t("Texts.Date")
	return x.Texts.Date(at)
}

func (x trapTexts) OpensAt(at, now time.Time) string {
	x.t("Texts.OpensAt")
	return x.Texts.OpensAt(at, now)
}

func (x trapTexts) Event(e desk.Event, zone *time.Location) string {
	x.t("Texts.Event", e)
	return x.Texts.Event(e, zone)
}

func (x trapRelay) Send(ctx context.Context, l desk.Letter) (desk.Sent, error) {
	x.t("Relay.Send", l.To)
	return x.Relay.Send(ctx, l)
}

func (x trapRelay) Close() error {
	x.t("Relay.Close")
	return x.Relay.Close()
}

func (x trapOriginals) Fetch(ctx context.Context, ls []desk.Listing, limit int64,
	fn func(desk.Listing, *spool.Body, error) error) error {
	x.t("Originals.Fetch")
	return x.Originals.Fetch(ctx, ls, limit, fn)
}

func (x trapOriginals) Close() error {
	x.t("Originals.Close")
	return x.Originals.Close()
}

func (x trapLedger) Progress(ls []desk.Listing) ([]desk.Progress, error) {
	x.t("Ledger.Progress")
	return x.Ledger.Progress(ls)
}

func (x trapLedger) Ask(qs []desk.Questions) ([]desk.Facts, error) {
	x.t("Ledger.Ask", qs)
	return x.Ledger.Ask(qs)
}

func (x trapLedger) Record(now time.Time, es []desk.Entry, w time.Duration,
	decide func(int, desk.Facts) (desk.Decision, error)) error {
	x.t("Ledger.Record", es)
	return x.Ledger.Record(now, es, w, decide)
}

func (x trapLedger) Marked(places []desk.Place) {
	x.t("Ledger.Marked")
	x.Ledger.Marked(places)
}

func (x trapQuarantine) Attempted(now time.Time, e desk.Entry, why string) (int, error) {
	x.t("Quarantine.Attempted")
	return x.Quarantine.Attempted(now, e, why)
}

func (x trapQuarantine) Keep(now time.Time, e desk.Entry, k desk.Keeping,
	tell func(desk.Told) desk.Decision) (desk.Quarantined, error) {
	x.t("Quarantine.Keep", e)
	return x.Quarantine.Keep(now, e, k, tell)
}

func (x trapQuarantine) Entry(seq uint64) (desk.Quarantined, []byte, error) {
	x.t("Quarantine.Entry")
	return x.Quarantine.Entry(seq)
}

func (x trapQuarantine) All() ([]desk.Quarantined, error) {
	x.t("Quarantine.All")
	return x.Quarantine.All()
}

func (x trapQuarantine) Release(seq uint64) error {
	x.t("Quarantine.Release")
	return x.Quarantine.Release(seq)
}

func (x trapTickets) ByTask(tasks []int64) (map[int64]desk.Ticket, error) {
	x.t("Tickets.ByTask")
	return x.Tickets.ByTask(tasks)
}

func (x trapTickets) Active(since time.Time) ([]desk.Ticket, error) {
	x.t("Tickets.Active")
	return x.Tickets.Active(since)
}

func (x trapTickets) Reading() (desk.Reading, error) {
	x.t("Tickets.Reading")
	return x.Tickets.Reading()
}

func (x trapTickets) RecordChanges(now time.Time, ns []uint64, r *desk.Reading,
	decide func(int, desk.AnnounceFacts) (desk.Decision, error)) error {
	x.t("Tickets.RecordChanges", ns)
	return x.Tickets.RecordChanges(now, ns, r, decide)
}

func (x trapTasks) States(ctx context.Context, tasks []int64) (map[int64]desk.TaskState, error) {
	x.t("Tasks.States")
	return x.Tasks.States(ctx, tasks)
}

func (x trapFeed) Users() []int64 {
	x.t("Feed.Users")
	return x.Feed.Users()
}

func (x trapFeed) Moved() error {
	x.t("Feed.Moved")
	return x.Feed.Moved()
}

func (x trapFeed) Changes(ctx context.Context, since time.Time) (desk.Changes, error) {
	x.t("Feed.Changes")
	return x.Feed.Changes(ctx, since)
}

func (x trapFeed) Talks(ctx context.Context, ws []desk.Watch) ([]desk.Talk, error) {
	x.t("Feed.Talks", ws)
	return x.Feed.Talks(ctx, ws)
}

func (x trapFeed) Rejoin(ctx context.Context, tasks []int64) ([]int64, error) {
	x.t("Feed.Rejoin")
	return x.Feed.Rejoin(ctx, tasks)
}

func (x trapMailbox) Unseen(ctx context.Context, since time.Time) ([]desk.Listing, error) {
	x.t("Mailbox.Unseen")
	return x.Mailbox.Unseen(ctx, since)
}

func (x trapMailbox) Old(ctx context.Context, t time.Time) (int, error) {
	x.t("Mailbox.Old")
	return x.Mailbox.Old(ctx, t)
}

func (x trapMailbox) Since(ctx context.Context, t time.Time) ([]desk.Listing, error) {
	x.t("Mailbox.Since", t)
	return x.Mailbox.Since(ctx, t)
}

func (x trapMailbox) MessageIDs(ctx context.Context, uids []uint32) (map[uint32][]byte, error) {
	x.t("Mailbox.MessageIDs", uids)
	return x.Mailbox.MessageIDs(ctx, uids)
}

func (x trapMailbox) Fetch(ctx context.Context, ls []desk.Listing, limit int64,
	fn func(desk.Listing, *spool.Body, error) error) error {
	x.t("Mailbox.Fetch", ls)
	return x.Mailbox.Fetch(ctx, ls, limit, fn)
}

func (x trapMailbox) InSent(ctx context.Context, id string) (bool, error) {
	x.t("Mailbox.InSent", id)
	return x.Mailbox.InSent(ctx, id)
}

func (x trapMailbox) Mark(ctx context.Context, uids []uint32) error {
	x.t("Mailbox.Mark", uids)
	return x.Mailbox.Mark(ctx, uids)
}

func (x trapMailbox) Close() error {
	x.t("Mailbox.Close")
	return x.Mailbox.Close()
}

// trapped wraps everything that a pass is given in the trap.
func trapped(p *pass.Pass, t trap) {
	o := p.Outbox
	o.Together = nil // runs functions in goroutines, where a panic would end the program
	o.Queue, o.Seen, o.Tickets, o.Kept, o.People = trapQueue{o.Queue, t}, trapSightings{o.Seen,
		t}, trapTicket{o.Tickets, t}, trapKept{o.Kept, t}, trapPeople{o.People, t}
	o.Portal, o.OneC, o.Sources = trapPortal{o.Portal, t}, trapDirectory{t}, []string{"directory", "onec", "bitrix24"}
	p.Ledger, p.Quarantine, p.Tickets = trapLedger{p.Ledger, t}, trapQuarantine{p.Quarantine,
		t}, trapTickets{p.Tickets, t}
	p.Portal, p.Feed = trapTasks{p.Portal, t}, trapFeed{p.Feed, t}
	kit := p.Kit
	p.Kit = func() (pass.Kit, error) {
		t("Kit")
		k, err := kit()
		whole := k.Texts
		k.Texts = func(mailbox, locale string) outbox.Texts { return trapTexts{whole(mailbox, locale), t} }
		return k, err
	}
	for i, b := range p.Boxes {
		p.Boxes[i].Open = func(ctx context.Context, readOnly bool) (pass.Mailbox, error) {
			t("Box.Open")
			mb, err := b.Open(ctx, readOnly)
			return trapMailbox{mb, t}, err
		}
	}
	for i, s := range o.Senders {
		o.Senders[i].Open = func(ctx context.Context) (outbox.Originals, error) {
			t("Sender.Open")
			from, err := s.Open(ctx)
			return trapOriginals{from, t}, err
		}
		o.Senders[i].Relay = func(ctx context.Context) (outbox.Relay, error) {
			t("Sender.Relay")
			r, err := s.Relay(ctx)
			return trapRelay{r, t}, err
		}
	}
}

// asked are the titles of the tasks in which a specialist answers.
var asked = []string{"Printer", "Mouse", "Screen"}

// away makes the portal unreachable.
func away(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.BadGateway} }

// removals removes our user from a task when it is read, and deletes another task when it is commented.
func (w *world) removals() func(*sandbox.Call) sandbox.Fault {
	var removed, deleted bool
	return func(c *sandbox.Call) sandbox.Fault {
		for _, t := range w.portal.Tasks() {
			switch {
			case t.Title == "Screen" && c.Method == "im.dialog.messages.search" && !c.Params.Has("DATE_FROM") &&
				!removed:
				removed = true
				w.portal.RemoveUser(t.ID)
			case t.Title == "Doomed" && strings.Contains(shown(c), "Is it?") && !deleted:
				deleted = true
				w.portal.DeleteTask(t.ID)
			}
		}
		return sandbox.Fault{}
	}
}

// loseFiles removes the files of the tasks with these titles.
func (w *world) loseFiles(titles ...string) {
	for _, task := range w.portal.Tasks() {
		if slices.Contains(titles, task.Title) {
			w.portal.LoseFiles(task.ID)
		}
	}
}

// day is a day on which every method that a pass is given is called. While it is trapped, each pass has the trap.
func day(w *world, t trap) {
	run := func(fn func(*pass.Pass, context.Context) (*pass.Report, error)) {
		w.t.Helper()
		p, s := w.open(store.Options{})
		p.Lost = morning // as after a fail-over
		p.Outbox.LikeSent = true
		trapped(p, t)
		r, err := fn(p, w.t.Context())
		if r == nil {
			w.t.Errorf("no report: %v", err)
		}
		w.check(s.Close())
		w.clock.Advance(3 * time.Minute)
	}
	w.breakTexts = func(t outbox.Texts) outbox.Texts { return failingTexts{t, false} }
	w.quarantineAfter = 1
	w.policy.OffHours = true
	w.policy.Calendar = worktime.Calendar{From: 20 * time.Hour, To: 21 * time.Hour, Days: map[string]bool{"fri": true}}
	w.arrive(withFile("1@good.example", "Иван <ivan@good.example>", "Printer", "It does not print.", "log.txt",
		"offline"))
	w.arrive(withFile("2@bad.example", "Bad <bad@bad.example>", "Mouse", "It does not click.", "bad.txt", "bad"))
	w.arrive(letter("3@good.example", "anna@good.example", "Re: Screen", "It is dark.",
		"In-Reply-To: <who@knows.example>"))
	w.arrive(letter("10@good.example", "olga@good.example", "Meeting",
		"BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1\n"+
			"DTSTART:20260312T100000Z\nSUMMARY:Meeting\nATTENDEE;PARTSTAT=ACCEPTED:mailto:olga@good.example\nEND:VEVENT\nEND:VCALENDAR\n",
		"Content-Type: text/calendar; method=REPLY; charset=utf-8"))
	w.arrive(letter("9@poison.example", "poison@poison.example", "Worse", "of death"))
	w.arrive(letter("6@doomed.example", "doomed@doomed.example", "Doomed", "It will be deleted."))
	w.arrive(withFile("10@keys.example", "keys@keys.example", "Keyboard", "It has a file.", "keys.txt", "keys"))
	lost := w.arrive(withFile("7@lost.example", "lost@lost.example", "Lost", "It has a file.", "lost.txt", "lost"))
	w.portal.Inject(away)
	run(poll)
	w.check(w.imap.Remove("INBOX", lost))
	w.portal.Inject(once(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "tasks.task.add" {
			return sandbox.Fault{Kind: sandbox.Drop, After: true} // the outcome is unknown
		}
		return sandbox.Fault{}
	}))
	run(poll)
	w.portal.Inject(nil)
	w.suspected("No.", "@")
	run(poll)
	w.smtp.Inject(nil)
	w.loseFiles("Printer", "Keyboard")
	run(poll)
	w.loseFiles("Keyboard")
	for _, task := range w.portal.Tasks() {
		if slices.Contains(asked, task.Title) {
			w.portal.Say(task.ID, specialist, "Restart: "+task.Title, sandbox.File{
				Name:    "how to " + task.Title,
				Content: []byte(task.Title),
			})
		}
	}
	w.arrive(letter("4@good.example", "ivan@good.example", "Re: Printer", "It blinks.",
		"In-Reply-To: <1@good.example>"))
	w.arrive(letter("8@doomed.example", "doomed@doomed.example", "Re: Doomed", "Is it?",
		"In-Reply-To: <6@doomed.example>"))
	w.portal.Inject(w.removals())
	run((*pass.Pass).Announce)
	run(poll)
	w.portal.Inject(nil)
	run((*pass.Pass).Announce)
	w.policy.Send = "results"
	run((*pass.Pass).Announce)
	w.policy.Send = "all"
	w.breakTexts = nil
	w.readmit()
	run(poll)
	run(poll)
}

// copies matches what the portal adds to the name of a file that was uploaded before and is not used by any task.
var copies = regexp.MustCompile(` \(\d+\)`)

// mended retries everything that is held, and checks that all of it exists exactly once.
func mended(w *world) {
	w.t.Helper()
	w.breakTexts = nil
	for range 3 {
		_, s := w.open(store.Options{})
		n, err := s.Outbox.Retry()
		w.check(err)
		w.check(s.Close())
		n += len(w.quarantined())
		w.readmit()
		w.quiet()
		if n == 0 {
			break
		}
	}
	for _, task := range w.portal.Tasks() {
		if slices.Contains(asked, task.Title) && !strings.Contains(fmt.Sprint(task.Comments), "Restart: "+task.Title) {
			w.portal.Say(task.ID, specialist, "Restart: "+task.Title, sandbox.File{
				Name:    "how to " + task.Title,
				Content: []byte(task.Title),
			})
		}
	}
	w.quiet()
	count := map[string]int{}
	for _, task := range w.portal.Tasks() {
		count["task "+task.Title]++
		for _, c := range task.Comments {
			if strings.Contains(c.Text, "It blinks.") {
				count["comment on "+task.Title]++
			}
		}
		for _, f := range task.Files {
			count["file "+copies.ReplaceAllString(f.Name, "")]++
		}
	}
	human, auto := w.letters()
	for _, l := range human {
		for _, title := range asked {
			if strings.Contains(l, "Restart: "+title) {
				count["answer about "+title]++
			}
		}
	}
	for _, want := range []string{"task Printer", "task Mouse", "comment on Printer", "answer about Printer",
		"answer about Mouse",
		"answer about Screen", "file log.txt", "file bad.txt"} {
		if count[want] != 1 {
			w.t.Errorf("%d × %s: %v", count[want], want, count)
		}
	}
	slices.Sort(auto)
	if n := len(slices.Compact(slices.Clone(auto))); n != len(auto) {
		w.t.Errorf("an auto-reply went out twice: %v", auto)
	}
	for _, m := range w.imap.Messages("INBOX") {
		if !m.Seen {
			w.t.Errorf("message %d is not marked", m.UID)
		}
	}
}

// methods returns the methods of the interfaces that a pass and its outbox are given.
func methods() map[string]bool {
	all := map[string]bool{"Kit": true, "Box.Open": true, "Sender.Open": true, "Sender.Relay": true}
	for _, t := range []reflect.Type{
		reflect.TypeFor[outbox.Queue](), reflect.TypeFor[outbox.Sightings](), reflect.TypeFor[outbox.Tickets](),
		reflect.TypeFor[outbox.Kept](), reflect.TypeFor[outbox.People](),
		reflect.TypeFor[outbox.Directory](), reflect.TypeFor[outbox.Portal](), reflect.TypeFor[outbox.Relay](),
		reflect.TypeFor[outbox.Originals](),
		reflect.TypeFor[outbox.Texts](), reflect.TypeFor[pass.Ledger](), reflect.TypeFor[pass.Quarantine](),
		reflect.TypeFor[pass.Tickets](),
		reflect.TypeFor[pass.Mailbox](), reflect.TypeFor[pass.Tasks](), reflect.TypeFor[pass.Feed](),
	} {
		for i := range t.NumMethod() {
			all[t.Name()+"."+t.Method(i).Name] = true
		}
	}
	return all
}

// TestAPanicAnywhere makes every method of every interface panic during a day, either always or for one customer only.
// Each pass must end with a report, and in the end everything must exist exactly once.
func TestAPanicAnywhere(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	called, harmed := map[string]bool{}, map[string]bool{} // in a calm day: at all, and for the one customer
	calm := newWorld(t, admin(sandbox.PortalOptions{NewCard: true, ChatForMembers: true}))
	day(calm, func(name string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		called[name] = true
		harmed[name] = harmed[name] || concerns(args, "bad")
	})
	mended(calm)
	for name := range methods() {
		if !called[name] {
			t.Errorf("%s is never called", name)
		}
		for _, whom := range []string{"", "bad"} {
			if whom != "" && !harmed[name] {
				continue
			}
			t.Run(name+" "+whom, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, admin(sandbox.PortalOptions{NewCard: true, ChatForMembers: true}))
				day(w, func(called string, args ...any) {
					if called == name && concerns(args, whom) {
						panic("of " + name)
					}
				})
				// effects for the other customers must be finished by now
				if whom != "" && !strings.HasPrefix(name, "Queue.") && !strings.HasPrefix(name, "Sightings.") {
					if text, _ := w.shape(); !strings.Contains(text, "task Printer") ||
						!strings.Contains(text, "Restart: Printer") {
						t.Errorf("the others have waited:\n%s", text)
					}
				}
				mended(w)
			})
		}
	}
}

// concerns reports whether the arguments of a call contain the text.
func concerns(args []any, text string) bool {
	raw, _ := json.Marshal(args)
	return strings.Contains(string(raw), text)
}
