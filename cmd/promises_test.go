package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
)

const withFile = `--b
Content-Type: text/plain

It does not print.
--b
Content-Type: text/plain; name="log.txt"
Content-Disposition: attachment; filename="log.txt"

offline
--b--`

// mixed is a header field for a letter with a file.
const mixed = "Content-Type: multipart/mixed; boundary=b"

var cards = []struct {
	name string
	o    sandbox.PortalOptions
}{{"old card", sandbox.PortalOptions{}}, {"new card", sandbox.PortalOptions{NewCard: true}}}

// quiet runs passes until nothing is left to do.
func (d *drive) quiet() {
	d.t.Helper()
	for range 12 {
		d.clock.Advance(3 * time.Minute)
		poll, _, _ := d.run("poll")
		notify, _, _ := d.run("notify")
		if poll == exit.Done && notify == exit.Done && len(d.unseen()) == 0 {
			return
		}
	}
	d.t.Fatalf("it never gets quiet; unseen: %v\n%s", d.unseen(), d.tasks())
}

// count returns the number of tasks with the title, and of our comments that contain the text.
func (d *drive) count(title, text string) (tasks, comments int) {
	for _, t := range d.portal.Tasks() {
		if t.Title == title {
			tasks++
		}
		for _, c := range t.Comments {
			if c.Author == 17 && !c.System && strings.Contains(c.Text, text) {
				comments++
			}
		}
	}
	return tasks, comments
}

// TestPromise1NothingLost breaks the portal in many ways while a request with a file and a further letter wait in the
// mailbox. It checks that a message is marked only after its task or comment exists.
func TestPromise1NothingLost(t *testing.T) {
	t.Parallel()
	on := func(method string, f sandbox.Fault) func(*sandbox.Call) sandbox.Fault {
		return func(c *sandbox.Call) sandbox.Fault {
			if c.Method == method || method == "" {
				return f
			}
			return sandbox.Fault{}
		}
	}
	for name, inject := range map[string]func(*sandbox.Call) sandbox.Fault{
		"502":                 on("", sandbox.Fault{Kind: sandbox.BadGateway}),
		"dropped before":      on("", sandbox.Fault{Kind: sandbox.Drop}),
		"dropped after":       on("", sandbox.Fault{Kind: sandbox.Drop, After: true}),
		"redirect":            on("", sandbox.Fault{Kind: sandbox.Redirect}),
		"limit":               on("", sandbox.Fault{Kind: sandbox.QueryLimit}),
		"500 before the task": on("tasks.task.add", sandbox.Fault{Kind: sandbox.ServerError}),
		"500 after the task":  on("tasks.task.add", sandbox.Fault{Kind: sandbox.ServerError, After: true}),
		"task refused for good": on("tasks.task.add", sandbox.Fault{
			Kind: sandbox.ErrorAnswer,
			Code: "ERROR_CORE",
			Text: "no rights",
		}),
		"error with status 200": on("tasks.task.add", sandbox.Fault{
			Kind:   sandbox.ErrorAnswer,
			Code:   "ERROR_CORE",
			Text:   "no",
			Status: 200,
		}),
		"comment refused for good": on("task.commentitem.add", sandbox.Fault{
			Kind: sandbox.ErrorAnswer,
			Code: "ERROR_CORE",
			Text: "no rights",
		}),
		"500 after the comment": on("task.commentitem.add", sandbox.Fault{
			Kind:  sandbox.ServerError,
			After: true,
		}),
		"upload fails":                     on("disk.storage.uploadfile", sandbox.Fault{Kind: sandbox.ServerError}),
		"upload into folder fails":         on("disk.folder.uploadfile", sandbox.Fault{Kind: sandbox.ServerError}),
		"the method's time is used":        on("tasks.task.add", sandbox.Fault{Kind: sandbox.OperationLimit}),
		"the portal is well, all the same": nil,
	} {
		t.Run(name, func(t *testing.T) { testNothingLost(t, inject) })
	}
}

func testNothingLost(t *testing.T, inject func(*sandbox.Call) sandbox.Fault) {
	d := newDrive(t, sandbox.PortalOptions{}, "")
	d.letter("0@vostok.example", "petr@vostok.example", "Keyboard", "Keys are missing.")
	d.minute("poll")
	first := d.letter("1@romashka.example", "ivan@romashka.example", "Printer", withFile, mixed)
	further := d.letter("2@vostok.example", "petr@vostok.example", "Re: Keyboard", "The Q, too.",
		"In-Reply-To: <0@vostok.example>")
	d.imap.Inject(func(command, set string) error {
		if command != "STORE" {
			return nil
		}
		tasks, _ := d.count("Printer", "")
		if covers(t, set, first) && tasks == 0 {
			t.Errorf("message %d is marked without a task", first)
		}
		if _, comments := d.count("", "The Q, too."); covers(t, set, further) && comments == 0 {
			t.Errorf("message %d is marked without a comment", further)
		}
		return nil
	})
	d.portal.Inject(inject)
	for range 4 {
		d.run("poll")
		d.clock.Advance(20 * time.Minute)
	}
	d.portal.Inject(nil)
	d.must(exit.Done, "outbox", "retry", "--all") // the held entries
	d.quiet()
	tasks, _ := d.count("Printer", "")
	if _, comments := d.count("", "The Q, too."); tasks != 1 || comments != 1 {
		t.Errorf("%d tasks and %d comments, want one of each:\n%s", tasks, comments, d.tasks())
	}
	for _, task := range d.portal.Tasks() {
		if task.Title == "Printer" && (len(task.Files) != 1 ||
			!strings.Contains(string(task.Files[0].Content), "offline")) {
			t.Errorf("the file is lost: %+v", task.Files)
		}
	}
	if n := len(d.imap.Messages("INBOX")); n != 3 {
		t.Errorf("the mailbox keeps %d of 3 messages", n)
	}
}

// covers reports whether an IMAP sequence set, such as 1,4:6, contains a message.
func covers(t *testing.T, set string, uid uint32) bool {
	t.Helper()
	for _, part := range strings.Split(set, ",") {
		var from, to uint32
		if n, _ := fmt.Sscanf(part, "%d:%d", &from, &to); n == 1 {
			to = from
		} else if n == 0 {
			t.Fatalf("a set of messages is %q", set)
		}
		if from <= uid && uid <= to {
			return true
		}
	}
	return false
}

// TestPromise1Quarantine: a message that can't be processed is kept whole, people are alerted once, and the pass
// processes the other messages.
func TestPromise1Quarantine(t *testing.T) {
	t.Parallel()
	t.Run("unbelieved bounce", func(t *testing.T) {
		d := newDrive(t, sandbox.PortalOptions{}, "")
		body := "--b\nContent-Type: text/plain\n\nlost\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: " +
			"dns; mx.example\n\n" +
			"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n--b--"
		d.letter("1@mx.example", "MAILER-DAEMON@mx.example", "Undelivered", body,
			"Content-Type: multipart/report; report-type=delivery-status; boundary=b")
		d.letter("2@romashka.example", "ivan@romashka.example", "Printer", "It does not print.")
		d.must(exit.Held, "poll")
		if tasks, _ := d.count("Printer", ""); tasks != 1 {
			t.Errorf("the other message made %d tasks", tasks)
		}
		whole := d.must(exit.Done, "quarantine", "show", "1")
		if sent := string(d.imap.Messages("INBOX")[0].Raw); whole != sent {
			t.Errorf("the quarantine changed it: %s", cmp.Diff(sent, whole))
		}
	})
	t.Run("cannot be fetched", func(t *testing.T) {
		d := newDrive(t, sandbox.PortalOptions{}, "")
		bad := d.letter("1@mx.example", "anna@stroymir.example", "Unreadable", "Text.")
		d.letter("2@romashka.example", "ivan@romashka.example", "Printer", "It does not print.")
		fetches := 0
		d.imap.Inject(func(command, set string) error {
			if command != "FETCH" {
				return nil
			}
			if fetches++; fetches > 1 && covers(t, set, bad) { // the first FETCH of a pass only lists
				return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "internal error"}
			}
			return nil
		})
		for range 5 {
			fetches = 0
			d.run("poll")
			d.clock.Advance(time.Minute)
		}
		if tasks, _ := d.count("Printer", ""); tasks != 1 {
			t.Errorf("the other message made %d tasks", tasks)
		}
		notices := 0
		for _, task := range d.portal.Tasks() {
			if task.Title != "Printer" {
				notices++
			}
		}
		if notices != 1 {
			t.Errorf("%d tasks tell of the quarantined message, want one:\n%s", notices, d.tasks())
		}
		if out := d.must(exit.Done, "quarantine", "list"); !strings.Contains(out, "support") {
			t.Errorf("it is not in the quarantine: %s", out)
		}
		if n := len(d.imap.Messages("INBOX")); n != 2 {
			t.Errorf("the mailbox keeps %d of 2 messages", n)
		}
	})
}

// vectors are header fields of letters that must not be answered. Each letter has a sender of its own, which replaces
// %s.
var vectors = []string{
	"Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated",
	`Auto-Submitted: auto-notified; owner-email="a@b.ru"`,
	"Auto-Submitted: AUTO-REPLIED (vacation)", "X-Auto-Response-Suppress: All",
	"X-Auto-Response-Suppress: OOF, AutoReply",
	"X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply", "Precedence: bulk", "Precedence: BULK",
	"Precedence: auto_reply",
	"X-Precedence: list", "List-Id: news <news.example.com>", "List-Unsubscribe: <mailto:u@example.com>",
	"X-Autoreply: yes",
	"X-Autorespond: Re: hello", "Return-Path: <>", "X-Loop: support@other.example",
	"X-MS-Exchange-Inbox-Rules-Loop: a@b.ru",
	"Content-Type: multipart/report; report-type=delivery-status; boundary=x",
	"Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
	"To: undisclosed-recipients:;\nCc: somebody@else.example",                       // blind copy
	"In-Reply-To: <sent-by-hand@helpdesk.example>",                                  // answers a specialist's letter
	"In-Reply-To: <sent-by-hand@staff.example>",                                     //
	"Authentication-Results: mx.helpdesk.example; dmarc=fail header.from=x.example", // unverified
}

// senders are addresses that never get an auto-reply.
var senders = []string{
	"Mail Delivery Subsystem <MAILER-DAEMON@mx.example>", "postmaster@a.example", "Shop <no-reply@b.example>",
	"GitHub <gmail-noreply@c.example>", "owner-news@d.example", "news-owner@e.example", "news-request@f.example",
	"x-bounces@g.example",
	"abuse@h.example", "excluded@bank.example", "a@sub.quiet.example", "boss@staff.example",
	"Support <support@helpdesk.example>",
	"other@own.example",
}

// subjects are subjects that never get an auto-reply.
var subjects = []string{"=?utf-8?b?0JDQstGC0L7QvtGC0LLQtdGCOiDQvtGC0L/Rg9GB0Lo=?=", "Out of Office: Re: printer",
	"Automatic reply: x"}

const strictly = `mail:
  own: [other@own.example]
  staff: ["@staff.example"]
  trust_auth_results: mx.helpdesk.example
  exclude: [{match: "@bank.example", scope: autoreply}, {match: "@*.quiet.example", scope: letters}]
letters: {received: {limit: {per_address: 100, per_domain: 100}}}
`

// TestPromise3AutoReplyToSenderAlone: the auto-reply has one recipient, whoever was in copy; letters that must not be
// answered get none.
func TestPromise3AutoReplyToSenderAlone(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{}, strictly)
	n := 0
	id := func() string { n++; return fmt.Sprintf("m%d@x%d.example", n, n) }
	for i, v := range vectors {
		d.letter(id(), fmt.Sprintf("v%d@vector%d.example", i, i), fmt.Sprintf("Vector number %d", i), "Text.",
			strings.Split(v, "\n")...)
	}
	for i, s := range senders {
		d.letter(id(), s, fmt.Sprintf("Sender number %d", i), "Text.")
	}
	for i, s := range subjects {
		d.letter(id(), fmt.Sprintf("s%d@subject%d.example", i, i), s, "Text.")
	}
	d.run("poll")
	for _, l := range d.mailed() {
		t.Errorf("answered: %v, %s", l.To, l.Message.Subject)
	}
	// These must be answered, with various people in copy.
	before := len(d.mailed())
	for i, header := range [][]string{
		{"To: support@helpdesk.example, boss@c0.example", "Cc: a@c0.example, b@elsewhere.example"},
		{"To: a@c1.example", "Cc: support@helpdesk.example", "Bcc: secret@c1.example"},
		{"Reply-To: form@c2.example"},
		{"Reply-To: one@c3.example, two@c3.example"},
		{"Sender: secretary@c4.example", "Resent-To: x@c4.example"},
		{"Auto-Submitted: no"}, {"Precedence: first-class"}, {"X-Auto-Response-Suppress: None"},
		{"Disposition-Notification-To: dnt@c8.example"},
	} {
		d.letter(id(), fmt.Sprintf("customer%d@c%d.example", i, i), fmt.Sprintf("Question number %d", i), "Text.",
			header...)
	}
	d.clock.Advance(time.Minute)
	d.run("poll")
	replies := d.mailed()[before:]
	if len(replies) != 9 {
		t.Errorf("%d auto-replies, want 9", len(replies))
	}
	for _, l := range replies {
		var want string
		fmt.Sscanf(l.Message.InReplyTo[0], "m%d", &n)
		switch i := n - len(vectors) - len(senders) - len(subjects) - 1; i {
		case 2:
			want = "form@c2.example"
		default:
			want = fmt.Sprintf("customer%d@c%d.example", i, i)
		}
		if !slices.Equal(l.To, []string{want}) {
			t.Errorf("recipients in the envelope: %v, want %s alone", l.To, want)
		}
		if len(l.Message.To) != 1 || l.Message.To[0].Addr != want || len(l.Message.Header.Values("To")) != 1 {
			t.Errorf("To: %v, want %s alone", l.Message.To, want)
		}
		for _, name := range []string{"Cc", "Bcc", "Resent-To", "Apparently-To"} {
			if l.Message.Header.Has(name) {
				t.Errorf("the auto-reply to %s has a field %s", want, name)
			}
		}
		if l.Message.Header.Get("Auto-Submitted") != "auto-replied" ||
			l.Message.Header.Get("X-Auto-Response-Suppress") != "All" {
			t.Errorf("the auto-reply to %s does not say what it is", want)
		}
	}
	d.noLoop(replies[0])
}

// noLoop sends an auto-reply back, unchanged and as a reply to it; neither is answered.
func (d *drive) noLoop(reply posted) {
	d.t.Helper()
	before := len(d.mailed())
	if _, err := d.arrive(reply.Raw, d.clock.Now()); err != nil {
		d.t.Fatal(err)
	}
	d.letter("again@c0.example", "customer0@c0.example", "Re: "+reply.Message.Subject, "Thank you.",
		"In-Reply-To: <"+reply.Message.ID+">")
	d.clock.Advance(time.Minute)
	d.run("poll")
	for _, l := range d.mailed()[before:] {
		d.t.Errorf("answered again: %v, %s", l.To, l.Message.Subject)
	}
}

// TestPromise4DryRunTouchesNothing compares all data before and after dry runs byte by byte, and the decisions of dry
// runs with those of the real runs after them.
func TestPromise4DryRunTouchesNothing(t *testing.T) {
	t.Parallel()
	for _, card := range cards {
		t.Run(card.name, func(t *testing.T) {
			d := newDrive(t, card.o, strictly)
			d.letter("1@romashka.example", "ivan@romashka.example", "Printer", withFile, mixed)
			d.letter("2@romashka.example", "ivan@romashka.example", "Re: Printer", "It blinks.",
				"In-Reply-To: <1@romashka.example>")
			d.letter("3@romashka.example", "ivan@romashka.example", "Printer", "Do you hear me?")
			d.letter("4@bank.example", "a@bank.example", "Statement", "Text.")
			d.letter("5@vostok.example", "oof@vostok.example", "Away", "Text.", "Auto-Submitted: auto-replied")
			d.letter("1@romashka.example", "ivan@romashka.example", "Printer", withFile, mixed)
			d.rehearsed("poll") // without a state file
			task := d.portal.Tasks()[0].ID
			d.portal.Say(task, 7, "Please restart it.")
			d.portal.Say(task, 7, "// internal")
			d.clock.Advance(time.Minute)
			d.rehearsed("notify")
			d.letter("6@romashka.example", "ivan@romashka.example", "Re: Printer", "It works!",
				"In-Reply-To: <"+d.mailed()[len(d.mailed())-1].Message.ID+">")
			d.letter("7@stroymir.example", "anna@stroymir.example", "Password", "I forgot it.")
			d.rehearsed("poll")
		})
	}
}

// rehearsed runs a dry pass and a real one. It checks that the dry one changes nothing and that both decide the same.
func (d *drive) rehearsed(kind string) {
	d.t.Helper()
	before, calls, writes, letters := d.stateBytes(), len(d.writingCalls()), d.imap.Writes(), len(d.mailed())
	planned := d.report(kind, "-n", "--json")
	d.must(exit.Done, kind, "--dry-run")
	if !bytes.Equal(before, d.stateBytes()) {
		d.t.Errorf("%s -n changes the state file", kind)
	}
	if got := d.writingCalls()[calls:]; len(got) > 0 {
		d.t.Errorf("%s -n calls %v", kind, got)
	}
	if d.imap.Writes() != writes || len(d.mailed()) != letters {
		d.t.Errorf("%s -n writes %d times to the mailbox and sends %d letters", kind, d.imap.Writes()-writes,
			len(d.mailed())-letters)
	}
	done := d.report(kind, "--json")
	if len(done) == 0 {
		d.t.Fatalf("%s decides nothing", kind)
	}
	if diff := cmp.Diff(done, planned, cmpopts.IgnoreFields(pass.Line{}, "Reasons")); diff != "" {
		d.t.Errorf("%s -n does not tell the truth (-done +planned):\n%s", kind, diff)
	}
	d.clock.Advance(time.Minute)
}

func (d *drive) report(args ...string) []pass.Line {
	d.t.Helper()
	var r pass.Report
	if err := json.Unmarshal([]byte(d.must(exit.Done, args...)), &r); err != nil {
		d.t.Fatal(err)
	}
	return r.Decided
}

// TestPromise5OnlyTasksCommentsFiles compares every call in the life of several tickets with the allowed calls.
func TestPromise5OnlyTasksCommentsFiles(t *testing.T) {
	t.Parallel()
	for _, card := range cards {
		t.Run(card.name, func(t *testing.T) {
			d := newDrive(t, card.o, "letters: {closed: {enabled: true}}\n")
			d.run("check")
			d.letter("1@romashka.example", "ivan@romashka.example", "Printer", withFile, mixed)
			d.letter("2@stroymir.example", "anna@stroymir.example", "Password", "I forgot it.")
			d.minute("poll")
			task := d.portal.Tasks()[0].ID
			d.portal.Say(task, 7, "Please restart it.", sandbox.File{Name: "how.txt", Content: []byte("off, on")})
			d.minute("notify")
			d.letter("3@romashka.example", "ivan@romashka.example", "Re: Printer", withFile, mixed,
				"In-Reply-To: <1@romashka.example>")
			d.minute("poll")
			d.portal.CloseTask(task, 7)
			d.minute("notify")
			d.letter("4@romashka.example", "ivan@romashka.example", "Re: Printer", "It is broken again.",
				"In-Reply-To: <3@romashka.example>")
			d.minute("poll")
			d.minute("verify")
			d.portal.DeleteTask(d.portal.Tasks()[1].ID)
			d.letter("5@stroymir.example", "anna@stroymir.example", "Re: Password", "Still.",
				"In-Reply-To: <2@stroymir.example>")
			d.minute("poll")
			made := map[string]int{}
			for _, c := range d.portal.Calls() {
				if !reading.MatchString(c.Method) {
					made[c.Method]++
				}
				if !reading.MatchString(c.Method) && !creating.MatchString(c.Method) {
					t.Errorf("%s is neither reading nor about tasks, comments and files", c.Method)
				}
				for _, field := range fields(c) {
					if strings.HasPrefix(field, "UF_") && field != "UF_CRM_TASK" && field != "UF_TASK_WEBDAV_FILES" &&
						field != "UF_FORUM_MESSAGE_DOC" {
						t.Errorf("%s sets the field %s", c.Method, field)
					}
				}
			}
			if made["tasks.task.add"] == 0 || made["disk.folder.uploadfile"]+made["disk.storage.uploadfile"] == 0 ||
				len(made) < 4 {
				t.Errorf("too little was made for the test to tell: %v", made)
			}
		})
	}
}

// fields returns the names of a call's parameters, and of the fields in them.
func fields(c sandbox.Call) []string {
	if c.Params == nil {
		return nil
	}
	var names []string
	for _, k := range c.Params.Keys() {
		names = append(names, k)
		if inner, ok := c.Params.Get(k).(*sandbox.Params); ok {
			names = append(names, inner.Keys()...)
		}
	}
	return names
}

// said are comments on the first of two tasks, and whether its customer may read them.
var said = []struct {
	by   int64 // 0 = the portal itself
	text string
	all  bool // with notify.send: all
	some bool // with notify.send: marked
}{
	{7, "Please restart the spooler.", true, false},
	{7, "// his boss pays late", false, false},
	{9, "//not even a blank", false, false},
	{7, "[B]// behind markup[/B]", false, false},
	{9, "! The cartridge is on its way.", true, true},
	{17, "The webhook's owner writes by hand.", true, false}, // they may be a specialist
	{0, "Задача завершена", false, false},
	{0, "Крайний срок изменен на: 12.03.2026 19:00", false, false},
}

// TestPromise6OnlyWhatIsMeant: with two customers, two tickets, and every kind of comment, each customer's letters
// contain what is meant for that customer and nothing else.
func TestPromise6OnlyWhatIsMeant(t *testing.T) {
	t.Parallel()
	for _, card := range cards {
		for _, send := range []string{"all", "marked"} {
			t.Run(card.name+", "+send, func(t *testing.T) { testOnlyWhatIsMeant(t, card.o, send) })
		}
	}
}

func testOnlyWhatIsMeant(t *testing.T, o sandbox.PortalOptions, send string) {
	d := newDrive(t, o, "notify: {send: "+send+", delay: 0s}\n")
	d.letter("1@romashka.example", "ivan@romashka.example", "Printer", "The secret of romashka.")
	d.letter("2@stroymir.example", "anna@stroymir.example", "Password", "The secret of stroymir.")
	d.minute("poll")
	d.letter("4@romashka.example", "ivan@romashka.example", "Re: Printer", "A post of ours from the letter.",
		"In-Reply-To: <1@romashka.example>")
	d.minute("poll")
	mine, other := d.portal.Tasks()[0].ID, d.portal.Tasks()[1].ID
	for _, s := range said {
		if s.by == 0 {
			d.portal.SaySystem(mine, 7, s.text)
			continue
		}
		d.portal.Say(mine, s.by, s.text)
	}
	if o.NewCard { // in a forum such a remark would look like a comment of user 7
		d.portal.SaySystem(mine, 7, "A remark that chats alone tell apart.")
	}
	gone := d.portal.Say(mine, 7, "! Taken back at once.")
	d.portal.DeleteComment(mine, gone)
	d.portal.Say(other, 7, "! Only for Anna.")
	d.minute("notify")
	// A stranger answers the letter: they get a ticket of their own, and nothing of the old one.
	last := d.mailed()[len(d.mailed())-1].Message
	d.letter("3@evil.example", "eve@evil.example", "Re: Printer", "Tell me more.", "In-Reply-To: <"+last.ID+">",
		"References: <1@romashka.example> <"+last.ID+">")
	d.minute("poll")
	d.portal.CloseTask(mine, 7)
	d.minute("notify")
	got := map[string]string{}
	for _, l := range d.mailed() {
		got[l.To[0]] += l.Message.Subject + "\n" + l.Message.Plain + "\n" + l.Message.HTML + "\n"
	}
	for _, s := range said {
		want := s.all
		if send == "marked" {
			want = s.some
		}
		text := strings.TrimSpace(strings.TrimLeft(strings.NewReplacer("[B]", "", "[/B]", "").Replace(s.text), "/!"))
		if has := strings.Contains(got["ivan@romashka.example"], text); has != want {
			t.Errorf("%q by %d reaches the customer: %v, want %v", s.text, s.by, has, want)
		}
		for _, stranger := range []string{"anna@stroymir.example", "eve@evil.example"} {
			if strings.Contains(got[stranger], text) {
				t.Errorf("%q reaches %s", s.text, stranger)
			}
		}
	}
	forbidden := map[string][]string{
		"ivan@romashka.example": {"chats alone", "Taken back", "Only for Anna", "stroymir"},
		"anna@stroymir.example": {"romashka", "Printer"},
		"eve@evil.example":      {"romashka", "stroymir", "Password", "secret"},
	}
	marker := regexp.MustCompile(`\bhd-[0-9a-f]{16}`)
	for who, texts := range forbidden {
		if found := marker.FindString(got[who]); found != "" {
			t.Errorf("the marker %s of a comment of ours reaches %s", found, who)
		}
		if got[who] == "" && who != "eve@evil.example" {
			t.Errorf("nothing was mailed to %s", who)
		}
		for _, text := range texts {
			if strings.Contains(got[who], text) {
				t.Errorf("%q reaches %s:\n%s", text, who, got[who])
			}
		}
	}
	for who := range got {
		if _, known := forbidden[who]; !known {
			t.Errorf("a letter went to %s", who)
		}
	}
	if reflect.DeepEqual(got, map[string]string{}) {
		t.Error("no letters at all")
	}
}
