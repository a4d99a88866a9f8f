package pass_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/goccy/go-yaml"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/mailbox"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/naming"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/portal"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/relay"
	"helpdesk/pkg/render"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/spool"
	"helpdesk/pkg/store"
	"helpdesk/templates"
)

// world is everything outside of a pass: real servers in this process, a state, and a clock of its own.
type world struct {
	t       testing.TB
	state   string
	portal  *sandbox.Portal
	imap    *mail.IMAP
	smtp    *mail.SMTP
	webhook string
	clock   *sandbox.Clock
	opening func(*store.Options)           // changes how the state is opened; may be nil
	wired   func(*pass.Pass, *store.Store) // changes the wired pass; may be nil
	policy  desk.Policy
	steps   func(name string) // called before and after every change; may be nil
	part    func()            // called at the beginning of each part of a scenario; may be nil
	// the step at which the pass died; if the pass recovers from the panic, it must change nothing more
	dead            string
	moveTo          string
	sources         []string
	boxes           []string // names of the mailboxes, all in the IMAP folder INBOX unless named otherwise
	quarantineAfter int
	maxMessage      int64
	maxAge          time.Duration
	folders         spool.Folders                   // for long messages
	fetched         func()                          // called for each fetched message; may be nil
	timeout         time.Duration                   // time limit of a request to the portal
	breakTexts      func(outbox.Texts) outbox.Texts // makes texts fail; may be nil
}

const specialist = 7

var morning = time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, o sandbox.PortalOptions) *world {
	t.Helper()
	w := &world{t: t, state: filepath.Join(memory(t), "state.db"), clock: sandbox.NewClock(morning),
		boxes: []string{"support"}, quarantineAfter: 3, maxMessage: 1 << 20, maxAge: 720 * time.Hour,
		timeout: 10 * time.Second, sources: []string{"directory", "bitrix24"}}
	if o.NoLimit = true; o.Now == nil {
		o.Now = w.clock.Now
	}
	w.portal = sandbox.NewPortal(o)
	var err error
	if w.webhook, err = w.portal.Start(); err != nil {
		t.Fatal(err)
	}
	if w.imap, err = mail.NewIMAP(mail.IMAPOptions{}); err != nil {
		t.Fatal(err)
	}
	if w.smtp, err = mail.NewSMTP(mail.SMTPOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = w.portal.Close(), w.imap.Close(), w.smtp.Close() })
	w.policy = desk.Policy{Own: []string{"support@helpdesk.example"}, Staff: []string{"@staff.example"},
		Automatic: "task", Bulk: "task",
		Reopen: true, ReopenWithin: 720 * time.Hour, SameSubject: 336 * time.Hour, AutoReply: true, PerAddress: 50,
		PerDomain: 50,
		Within:    24 * time.Hour, MaxAge: 72 * time.Hour, Answer: true, Send: "all", InternalPrefix: "//",
		PublicPrefix: "!",
		Combine:      true, Attachments: true,
		Fields: map[string]desk.Fields{"support": {
			Responsible: specialist,
			Tags:        []string{"helpdesk"},
			Priority:    "average",
			BindCRM:     true,
		}}}
	w.policy.Words, err = words()
	w.check(err)
	return w
}

// Shared by all worlds.
var (
	texts = sync.OnceValues(func() (*render.Set, error) {
		return render.New(templates.FS, render.Settings{Locale: "ru", Escape: markup.Escape})
	})
	cutter = sync.OnceValues(func() (*quote.Cutter, error) {
		var quotes quote.Rules
		if err := unmarshal("quotes.yaml", &quotes); err != nil {
			return nil, err
		}
		return quote.Compile(quotes)
	})
	words = sync.OnceValues(func() (desk.Words, error) {
		var w desk.Words
		return w, unmarshal("words.yaml", &w)
	})
)

func unmarshal(name string, v any) error {
	raw, err := fs.ReadFile(templates.FS, name)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(raw, v)
}

// letter returns a plain letter, optionally with more header fields.
func letter(id, from, subject, body string, header ...string) []byte {
	lines := append([]string{"From: " + from, "To: support@helpdesk.example", "Subject: " + subject,
		"Message-ID: <" + id + ">",
		"Date: Thu, 12 Mar 2026 12:00:00 +0300", "MIME-Version: 1.0"}, header...)
	if !strings.Contains(strings.Join(header, "\n"), "Content-Type:") {
		lines = append(lines, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
	}
	return []byte(strings.Join(lines, "\r\n") + "\r\n\r\n" + strings.ReplaceAll(body, "\n", "\r\n"))
}

// withFile returns a letter with an attachment.
func withFile(id, from, subject, body, name, content string) []byte {
	return letter(id, from, subject, "--b\nContent-Type: text/plain; charset=utf-8\n\n"+body+
		"\n--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\""+name+"\"\n\n"+
		content+"\n--b--\n",
		`Content-Type: multipart/mixed; boundary="b"`)
}

// arrive brings a letter into the mailbox. Its arrival time is the same in every world, regardless of the clock.
func (w *world) arrive(raw []byte) uint32 {
	w.t.Helper()
	uid, err := w.imap.Append("INBOX", raw, morning)
	if err != nil {
		w.t.Fatal(err)
	}
	return uid
}

// open wires a pass as the command line does, and reports every change to steps.
func (w *world) open(o store.Options) (*pass.Pass, *store.Store) {
	w.t.Helper()
	if w.opening != nil {
		w.opening(&o)
	}
	s, err := store.Open(w.state, o)
	if err != nil {
		w.t.Fatal(err)
	}
	now := w.clock.Now
	client, err := portal.New(portal.Options{Results: w.policy.Send == "results", Options: bitrix.Options{
		Webhook: w.webhook, Timeout: w.timeout, Burst: 1000, PerSecond: 1000, Now: now,
		Estimates: map[string]float64{}, Named: func(text string) bool {
			return strings.Contains(text, "rights") || strings.Contains(text, "Assignee")
		},
		Sleep: func(context.Context, time.Duration) error { return nil },
		Load: func(name string, age time.Duration) []byte {
			since := time.Time{}
			if age > 0 {
				since = w.clock.Now().Add(-age)
			}
			v, _ := s.Cached(name, since)
			return v
		},
		Save: func(name string, value []byte) {
			if err := s.Cache(w.clock.Now(), map[string][]byte{name: value}); !errors.Is(err, store.ErrAway) {
				w.check(err)
			}
		}}})
	w.check(err)
	st := &stepping{w, s.Ledger, s.Outbox, s.Tickets, s.People, s.Quarantine, client}
	log := slog.New(slog.NewTextHandler(logWriter{w.t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	boxes, senders := w.mailboxes()
	out := &outbox.Outbox{Queue: st, Seen: st, Tickets: st, Kept: st, People: st, Portal: st, Staff: client,
		Senders: senders, Sources: w.sources,
		ProfileAge: time.Hour * 24 * 7, Settle: 2 * time.Minute, MaxAttachments: 20 << 20, PortalHost: "portal.example",
		Signer: s.Signer(), Instance: s.Instance(), Still: s.Still, Now: now, Log: log, Together: inTurn}
	p := &pass.Pass{Ledger: st, Quarantine: st, Tickets: st, Portal: st, Feed: client, Boxes: boxes, Outbox: out,
		Policy: &w.policy, Kit: w.kit, Cutter: cutter, QuarantineAfter: w.quarantineAfter, Budget: time.Minute,
		Signer:   s.Signer(),
		Instance: s.Instance(),
		Now:      now, Log: log}
	if w.wired != nil {
		w.wired(p, s)
	}
	return p, s
}

// inTurn runs functions one after the other, so that the order of steps is fixed.
func inTurn(fns ...func() error) error {
	var errs []error
	for _, fn := range fns {
		errs = append(errs, fn())
	}
	return errors.Join(errs...)
}

func (w *world) kit() (k pass.Kit, err error) {
	if k.Rules, err = w.rules(); err != nil {
		return k, err
	}
	k.Names = &naming.Names{}
	one, err := texts()
	if err != nil {
		return k, err
	}
	// A test may change breakTexts while work on a letter goes on that a pass has left behind.
	var used outbox.Texts = one
	if w.breakTexts != nil {
		used = w.breakTexts(one)
	}
	k.Texts = func(string, string) outbox.Texts { return used }
	return k, nil
}

var compiled sync.Map // texts of policies → *desk.Rules: compiling takes longer than most passes

func (w *world) rules() (*desk.Rules, error) {
	policy := w.policy
	policy.Words = desk.Words{} // the same in all worlds
	key := fmt.Sprintf("%+v", policy)
	if r, ok := compiled.Load(key); ok {
		return r.(*desk.Rules), nil
	}
	policy.Words = w.policy.Words
	r, err := desk.Compile(&policy)
	compiled.Store(key, r)
	return r, err
}

type logWriter struct{ t testing.TB }

func (l logWriter) Write(b []byte) (int, error) {
	l.t.Logf("%s", bytes.TrimSpace(b))
	return len(b), nil
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) mailboxes() (boxes []pass.Box, senders []outbox.Sender) {
	for _, name := range w.boxes {
		folder := "INBOX"
		if name != "support" {
			folder = name
		}
		b := pass.Box{Name: name, MaxMessage: w.maxMessage, MaxAge: w.maxAge, Moves: w.moveTo != "", Zone: time.UTC}
		s := outbox.Sender{
			Name: name,
			From: desk.Address{Name: "Служба поддержки", Addr: "support@helpdesk.example"},
			Zone: time.UTC,
		}
		ihost, iport := split(w.imap.Addr())
		shost, sport := split(w.smtp.Addr())
		b.Open = func(ctx context.Context, readOnly bool) (pass.Mailbox, error) {
			m, err := mailbox.Open(ctx,
				mailbox.Options{Name: name, Host: ihost, Port: iport, TLS: "none", User: "user", Password: "password",
					Folder: folder, MoveTo: w.moveTo, Folders: w.folders}, readOnly)
			if err != nil {
				return nil, err
			}
			return &steppingMailbox{m, w}, nil
		}
		s.Open = func(ctx context.Context) (outbox.Originals, error) { return b.Open(ctx, true) }
		s.Relay = func(ctx context.Context) (outbox.Relay, error) {
			r, err := relay.Open(ctx, relay.Options{Host: shost, Port: sport, TLS: "none", Auth: "none"})
			if err != nil {
				return nil, err
			}
			return &steppingRelay{r, w}, nil
		}
		boxes, senders = append(boxes, b), append(senders, s)
	}
	return boxes, senders
}

func split(addr string) (string, int) {
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return host, n
}

// died is the value with which a pass panics when it must die.
type died struct{ step string }

// run runs one pass. If the pass died, it returns a nil report and the name of the step.
func (w *world) run(fn func(*pass.Pass, context.Context) (*pass.Report, error)) (r *pass.Report, at string) {
	w.t.Helper()
	p, s := w.open(store.Options{})
	defer func() { w.check(s.Close()) }()
	defer func() {
		if r := recover(); r != nil && r != (died{w.dead}) {
			panic(r)
		}
		if w.dead != "" {
			r, at, w.dead = nil, w.dead, ""
		}
	}()
	r, err := fn(p, context.Background())
	if w.dead == "" { // the panic may have become an error
		w.check(err)
	}
	return r, ""
}

// poll looks into the mailboxes and processes them.
func poll(p *pass.Pass, ctx context.Context) (*pass.Report, error) {
	p.Looked = pass.Look(ctx, p.Boxes, false, p.Now(), p.Log)
	defer p.Looked.Close(p.Log)
	return p.Poll(ctx)
}

// preview looks into the mailboxes and says what a poll would do.
func preview(p *pass.Pass, ctx context.Context) (*pass.Report, error) {
	p.Looked = pass.Look(ctx, p.Boxes, true, p.Now(), p.Log)
	defer p.Looked.Close(p.Log)
	return p.Preview(ctx)
}

func (w *world) poll() (*pass.Report, string)   { w.t.Helper(); return w.run(poll) }
func (w *world) notify() (*pass.Report, string) { w.t.Helper(); return w.run((*pass.Pass).Announce) }

// minutes runs a pass in each of the next n minutes, and returns the number of problems.
func (w *world) minutes(n int, pass func() (*pass.Report, string)) (told int) {
	w.t.Helper()
	for range n {
		w.clock.Advance(time.Minute)
		r, _ := pass()
		told += len(r.Problems)
	}
	return told
}

// unwelcome makes the relay refuse recipients whose addresses contain the part.
func (w *world) unwelcome(part string, why *smtp.SMTPError) {
	w.smtp.Inject(func(stage, arg string) error {
		if stage == "rcpt" && strings.Contains(arg, part) {
			return why
		}
		return nil
	})
}

// quiet runs passes until nothing is left to do.
func (w *world) quiet() {
	w.t.Helper()
	for range 12 {
		w.clock.Advance(3 * time.Minute)
		r1, at1 := w.poll()
		r2, at2 := w.notify()
		if at1 != "" || at2 != "" { // the step was reached only here, so what follows is undisturbed
			w.steps = nil
			continue
		}
		if r1.Waiting+r2.Waiting+len(r1.Problems)+len(r2.Problems)+r1.Marked == 0 && w.pendings() == 0 {
			return
		}
	}
	w.t.Fatal("it never gets quiet")
}

// pendings returns the number of effects in the outbox.
func (w *world) pendings() int {
	w.t.Helper()
	_, s := w.open(store.Options{})
	all, err := s.Outbox.Pendings()
	w.check(err)
	w.check(s.Close())
	return len(all)
}

// lastID returns the Message-ID of the last letter that was sent.
func (w *world) lastID() string {
	all := w.smtp.Letters()
	m, err := eml.Parse(bytes.NewReader(all[len(all)-1].Raw), desk.Listing{})
	w.check(err)
	return m.ID
}

func (w *world) step(name string) {
	if w.dead != "" {
		panic(died{w.dead})
	}
	if w.steps != nil {
		w.steps(name)
	}
}

// again matches what the portal adds to the name of a file that was uploaded before by a run that died.
var again = regexp.MustCompile(` \(\d\)\.`)

var signed = regexp.MustCompile(`hd-[0-9a-f]{16}|\[#\d+-\d{4}\]`)

// shape describes the contents of the portal, the letters sent and the marked messages, without anything signed with
// the state's secret. A letter sent several times under one Message-ID counts once. Auto-replies are returned
// separately, one entry for each time sent.
func (w *world) shape() (string, []string) {
	var (
		tasks []string
		b     strings.Builder
	)
	for _, t := range w.portal.Tasks() {
		b.Reset()
		fmt.Fprintf(&b, "task %s [%t] crm %v tags %v status %v\n%s\n", t.Title, t.XMLID != "", t.CRM, t.Tags, t.Status,
			t.Description)
		for _, f := range t.Files {
			fmt.Fprintf(&b, " file %s %q\n", again.ReplaceAllString(f.Name, "."), f.Content)
		}
		for _, c := range t.Comments {
			if c.System {
				continue
			}
			fmt.Fprintf(&b, " comment %d %s\n", c.Author, signed.ReplaceAllString(c.Text, "*"))
			for _, f := range c.Files {
				fmt.Fprintf(&b, "  file %s %q\n", f.Name, f.Content)
			}
		}
		tasks = append(tasks, b.String())
	}
	sort.Strings(tasks)
	b.Reset()
	b.WriteString(strings.Join(tasks, ""))
	human, auto := w.letters()
	b.WriteString(strings.Join(human, ""))
	for _, m := range w.imap.Messages("INBOX") {
		fmt.Fprintf(&b, "mail %d seen %v\n", m.UID, m.Seen)
	}
	return b.String(), auto
}

// letters returns the sent letters, sorted: those by people, each once, and automatic ones.
func (w *world) letters() (human, auto []string) {
	seen := map[string]bool{}
	for _, l := range w.smtp.Letters() {
		m, err := eml.Parse(bytes.NewReader(l.Raw), desk.Listing{})
		w.check(err)
		var files []string
		for _, a := range m.Attachments {
			files = append(files, a.Name)
		}
		text := fmt.Sprintf("letter to %v: %s, files %v\n%s\n", l.To, signed.ReplaceAllString(m.Subject, "*"), files,
			m.Plain)
		switch {
		case m.Header.Has("Auto-Submitted"):
			auto = append(auto, text)
		case !seen[m.ID]:
			human = append(human, text)
		}
		seen[m.ID] = true
	}
	sort.Strings(human)
	sort.Strings(auto)
	return human, auto
}

// stepping reports every change of the state and the portal to steps.
type stepping struct {
	w *world
	ledger
	queue
	tickets
	people
	quarantine
	*portal.Client
}

// Parts of the state, under names that do not hide their methods.
type (
	ledger     = store.Ledger
	queue      = store.Outbox
	tickets    = store.Tickets
	people     = store.People
	quarantine = store.Quarantine
)

func step1[T any](w *world, name string, fn func() (T, error)) (T, error) {
	w.step(name + ", before")
	v, err := fn()
	w.step(name + ", after")
	return v, err
}

func step0(w *world, name string, fn func() error) error {
	_, err := step1(w, name, func() (struct{}, error) { return struct{}{}, fn() })
	return err
}

func (s *stepping) Record(now time.Time, es []desk.Entry, win time.Duration,
	decide func(int, desk.Facts) (desk.Decision, error)) error {
	return step0(s.w, "record messages", func() error { return s.ledger.Record(now, es, win, decide) })
}

func (s *stepping) RecordChanges(now time.Time, ns []uint64, r *desk.Reading,
	decide func(int, desk.AnnounceFacts) (desk.Decision, error)) error {
	return step0(s.w, "record changes", func() error { return s.tickets.RecordChanges(now, ns, r, decide) })
}

func (s *stepping) Attempted(now time.Time, e desk.Entry, why string) (int, error) {
	return step1(s.w, "note a failed attempt", func() (int, error) { return s.quarantine.Attempted(now, e, why) })
}

func (s *stepping) Keep(now time.Time, e desk.Entry, k desk.Keeping,
	tell func(desk.Told) desk.Decision) (desk.Quarantined, error) {
	return step1(s.w, "quarantine", func() (desk.Quarantined, error) { return s.quarantine.Keep(now, e, k, tell) })
}

func (s *stepping) Release(seq uint64) error {
	return step0(s.w, "release from quarantine", func() error { return s.quarantine.Release(seq) })
}

func (s *stepping) Start(now time.Time, a desk.Attempts) error {
	return step0(s.w, "note attempts", func() error { return s.queue.Start(now, a) })
}

func (s *stepping) Finish(now time.Time, rs []desk.Result) error {
	return step0(s.w, "record results", func() error { return s.queue.Finish(now, rs) })
}

func (s *stepping) Saw(now time.Time, looked []desk.Looked) error {
	return step0(s.w, "record what was seen", func() error { return s.queue.Saw(now, looked) })
}

func (s *stepping) SetProfiles(now time.Time, source string, asked []string, found map[string]desk.Profile) error {
	return step0(s.w, "keep names", func() error { return s.people.SetProfiles(now, source, asked, found) })
}

func (s *stepping) Prepare(ctx context.Context, as []string, fs []desk.File,
	open func(int) (io.ReadCloser, error)) (desk.Prepared, error) {
	return step1(s.w, "upload and look up", func() (desk.Prepared, error) {
		return s.Client.Prepare(ctx, as, fs, open)
	})
}

func (s *stepping) Make(ctx context.Context, es []desk.Effect) []desk.Made {
	var kinds []string
	for _, e := range es {
		kinds = append(kinds, string(e.Kind))
	}
	made, _ := step1(s.w, "make "+strings.Join(kinds, "+"), func() ([]desk.Made, error) {
		return s.Client.Make(ctx, es), nil
	})
	return made
}

type steppingMailbox struct {
	*mailbox.Mailbox
	w *world
}

func (m *steppingMailbox) Mark(ctx context.Context, uids []uint32) error {
	return step0(m.w, "mark on the server", func() error { return m.Mailbox.Mark(ctx, uids) })
}

func (m *steppingMailbox) Fetch(ctx context.Context, ls []desk.Listing, limit int64,
	fn func(desk.Listing, *spool.Body, error) error) error {
	return m.Mailbox.Fetch(ctx, ls, limit, func(l desk.Listing, body *spool.Body, err error) error {
		if m.w.fetched != nil {
			m.w.fetched()
		}
		return fn(l, body, err)
	})
}

type steppingRelay struct {
	*relay.Relay
	w *world
}

func (r *steppingRelay) Send(ctx context.Context, l desk.Letter) (desk.Sent, error) {
	return step1(r.w, "send "+map[bool]string{
		true:  "auto-reply",
		false: "answer",
	}[l.Automatic == desk.AutoReplied], func() (desk.Sent, error) {
		return r.Relay.Send(ctx, l)
	})
}
