package pass_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/render"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// failingTexts fails for the posts of one sender's letters, with an error or a panic.
type failingTexts struct {
	outbox.Texts
	panics bool
}

func (p failingTexts) Post(post desk.Post, v render.PostVars) (string, string, error) {
	if post.Form == desk.FormTask && strings.Contains(post.From.Addr, "poison") {
		if p.panics {
			panic("of death")
		}
		return "", "", errors.New("cannot be written")
	}
	return p.Texts.Post(post, v)
}

func (w *world) quarantined() []desk.Quarantined {
	w.t.Helper()
	_, s := w.open(store.Options{})
	defer s.Close()
	all, err := s.Quarantine.All()
	w.check(err)
	return all
}

func TestAFailingMessageGoesToTheQuarantineAndTheRestOfThePassIsDone(t *testing.T) {
	t.Parallel()
	for _, panics := range []bool{false, true} {
		t.Run(fmt.Sprint("panics ", panics), func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.breakTexts = func(t outbox.Texts) outbox.Texts { return failingTexts{t, panics} }
			w.arrive(letter("1@a.example", "first@a.example", "First", "one"))
			bad := letter("2@a.example", "poison@a.example", "Second", "two")
			w.arrive(bad)
			w.arrive(letter("3@a.example", "third@a.example", "Third", "three"))
			for i := 1; i <= 2; i++ {
				r, _ := w.poll()
				if left, _ := r.Left(); left != pass.Temporary || r.Quarantine != 0 {
					t.Fatalf("pass %d: %+v", i, r)
				}
				if n := len(w.portal.Tasks()); n != 2 {
					t.Fatalf("pass %d: %d tasks, the other letters are not done", i, n)
				}
			}
			r, _ := w.poll()
			if left, _ := r.Left(); left != pass.Held || r.Quarantine != 1 {
				t.Fatalf("the third pass: %+v", r)
			}
			w.quiet()
			tasks := w.portal.Tasks()
			if len(tasks) != 3 || len(tasks[2].Files) != 1 || string(tasks[2].Files[0].Content) != string(bad) {
				t.Fatalf("no task tells of it with the whole message: %+v", tasks)
			}
			if all := w.quarantined(); len(all) != 1 || !all[0].Whole || !w.imap.Messages("INBOX")[1].Seen {
				t.Fatalf("quarantine: %+v", all)
			}
			_, auto := w.letters()
			if len(auto) != 2 {
				t.Errorf("%d auto-replies", len(auto))
			}
			w.retried(t)
		})
	}
}

// retried fixes the cause and releases the message from the quarantine.
func (w *world) retried(t *testing.T) {
	t.Helper()
	w.breakTexts = nil
	_, s := w.open(store.Options{})
	all, err := s.Quarantine.All()
	w.check(err)
	w.check(s.Quarantine.Again(all[0].Seq))
	w.check(s.Close())
	w.quiet()
	tasks := w.portal.Tasks()
	if len(tasks) != 4 || tasks[3].Title != "Second" || len(w.quarantined()) != 0 {
		t.Errorf("after the retry: %d tasks, %d in quarantine", len(tasks), len(w.quarantined()))
	}
}

func TestAMessageThatCannotBeFetchedDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.arrive(letter("1@a.example", "first@a.example", "First", "one"))
	w.arrive(letter("2@a.example", "second@a.example", "Second", "two"))
	w.arrive(letter("3@a.example", "third@a.example", "Third", "three"))
	w.unreadable("2", "1:3")
	for range 3 {
		w.poll()
	}
	w.quiet()
	var titles []string
	for _, task := range w.portal.Tasks() {
		titles = append(titles, task.Title)
	}
	text := strings.Join(titles, "|")
	if !strings.Contains(text, "First") || !strings.Contains(text, "Third") || len(titles) != 3 {
		t.Fatalf("tasks: %v", titles)
	}
	if all := w.quarantined(); len(all) != 1 || all[0].Whole || w.imap.Messages("INBOX")[1].Seen {
		t.Errorf("quarantine: %+v; a message that is not kept must stay unseen", all)
	}
}

// The server refuses every FETCH of bodies, for longer than it takes to put a message into the quarantine.
func TestAServerThatGivesNoMessagesQuarantinesNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	for i := range 5 {
		w.arrive(letter(fmt.Sprint(i, "@a.example"), fmt.Sprintf("a%d@a.example", i), fmt.Sprint("Letter ", i),
			"please"))
	}
	fetches := 0
	w.imap.Inject(func(c, _ string) error {
		switch {
		case strings.HasSuffix(c, "SEARCH"):
			fetches = 0
		case strings.HasSuffix(c, "FETCH"):
			if fetches++; fetches > 1 { // the first FETCH is the list
				return &imap.Error{
					Type: imap.StatusResponseTypeNo,
					Code: imap.ResponseCodeUnavailable,
					Text: "Backend error",
				}
			}
		}
		return nil
	})
	for range w.quarantineAfter + 1 {
		r, _ := w.poll()
		if left, err := r.Left(); left != pass.Temporary || !strings.Contains(fmt.Sprint(err), "Backend error") {
			t.Errorf("left %v, %v", left, err)
		}
	}
	w.imap.Inject(nil)
	w.quiet()
	if _, auto := w.letters(); len(auto) != 5 || len(w.portal.Tasks()) != 5 || len(w.quarantined()) != 0 {
		t.Errorf("%d tasks, %d auto-replies, quarantine: %+v", len(w.portal.Tasks()), len(auto), w.quarantined())
	}
}

// anotherServer replaces the mail server by another one under the same name, which numbers its messages from the
// beginning.
func (w *world) anotherServer() {
	w.t.Helper()
	was := w.imap.UIDValidity("INBOX")
	w.check(w.imap.Close())
	var err error
	w.imap, err = mail.NewIMAP(mail.IMAPOptions{})
	w.check(err)
	if is := w.imap.UIDValidity("INBOX"); is != was {
		w.t.Fatalf("UIDVALIDITY %d, was %d", is, was)
	}
}

// long is a letter that is too long for the quarantine.
func long(id, from string) []byte {
	return letter(id, from, "Long", strings.Repeat("It does not print.\n", desk.KeptMost/16))
}

// Messages that are too long for the quarantine or for its remaining room stay in their mailbox and are fetched from
// there again.
func TestTheQuarantineLeavesLongMessagesWhereTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.maxMessage = 50 << 20
	w.breakTexts = func(t outbox.Texts) outbox.Texts { return failingTexts{t, false} }
	raw := long("1@a.example", "poison@a.example")
	w.arrive(raw)
	for range w.quarantineAfter {
		w.poll()
	}
	w.quiet()
	all := w.quarantined()
	if len(all) != 1 || all[0].Whole || all[0].Hash == "" || !w.imap.Messages("INBOX")[0].Seen {
		t.Fatalf("quarantine: %+v", all)
	}
	tasks := w.portal.Tasks()
	if len(tasks) != 1 || len(tasks[0].Files) != 1 || string(tasks[0].Files[0].Content) != string(raw) {
		t.Fatalf("%d tasks tell of it", len(tasks))
	}
	w.breakTexts = nil
	w.readmit()
	w.quiet()
	if tasks = w.portal.Tasks(); len(tasks) != 2 || tasks[1].Title != "Long" || len(w.quarantined()) != 0 {
		t.Errorf("after the retry: %d tasks, quarantine %+v", len(tasks), w.quarantined())
	}
}

// A message that is no longer in its mailbox stays in the quarantine and says so. A different message at its place,
// even of the same length, becomes a task of its own.
func TestWhatItsMailboxHasNoMore(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		w := newWorld(t, sandbox.PortalOptions{})
		w.maxMessage = 50 << 20
		w.breakTexts = func(t outbox.Texts) outbox.Texts { return failingTexts{t, false} }
		w.arrive(long("1@a.example", "poison@a.example"))
		for range w.quarantineAfter {
			w.poll()
		}
		w.quiet()
		if w.breakTexts = nil; other {
			w.anotherServer()
			w.arrive(long("2@a.example", "second@a.example"))
		} else {
			w.check(w.imap.Remove("INBOX", 1))
		}
		w.readmit()
		r, _ := w.poll()
		all := w.quarantined()
		if left, _ := r.Left(); left != pass.Held || len(all) != 1 || all[0].Again ||
			!strings.Contains(all[0].Cause, "no longer in the mailbox") {
			t.Errorf("another %v: left %v, %+v", other, left, all)
		}
		w.quiet()
		for _, task := range w.portal.Tasks()[1:] {
			if !other || !strings.Contains(task.Description, "second@a.example") {
				t.Errorf("another %v: task %s\n%.200s", other, task.Title, task.Description)
			}
		}
	}
}

// Strangers' reports about letters that we never sent fill neither the state nor the portal, and one task a day reports
// them.
func TestManyForgedReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	const reports = 60
	for i := range reports {
		body := "--b\nContent-Type: text/plain\n\n" + strings.Repeat(strings.Repeat("lost ", 12)+"\n", 5_000) +
			"\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: " +
			"rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n--b--"
		w.arrive(letter(fmt.Sprint(i, "@mx.example"), "MAILER-DAEMON@mx.example", "Undelivered", body,
			"Content-Type: multipart/report; report-type=delivery-status; boundary=b"))
	}
	w.arrive(letter("1@a.example", "ivan@a.example", "Printer", "It does not print."))
	w.quiet()
	all, whole := w.quarantined(), 0
	for i, q := range all {
		if q.Whole {
			whole++
		} else if q.Hash == "" || !w.imap.Messages("INBOX")[i].Seen {
			t.Errorf("%+v", q)
		}
	}
	if len(all) != reports || whole == 0 || whole > 30 {
		t.Errorf("%d in the quarantine, %d of them whole", len(all), whole)
	}
	if info, err := os.Stat(w.state); err != nil || info.Size() > 24<<20 {
		t.Errorf("the state: %v, %v", info.Size(), err)
	}
	tasks := w.portal.Tasks()
	if len(tasks) != 2 || len(tasks[0].Files)+len(tasks[1].Files) > 0 || len(byPeople(tasks[0].Comments)) > 0 {
		t.Errorf("%d tasks: %+v", len(tasks), tasks)
	}
	p, s := w.open(store.Options{})
	for _, q := range []desk.Quarantined{all[0], all[reports-1]} {
		body, err := p.Outbox.Original(t.Context(), q)
		w.check(err)
		raw, err := body.Bytes()
		w.check(err)
		if string(raw) != string(w.imap.Messages("INBOX")[q.Place.UID-1].Raw) {
			t.Errorf("entry %d is not the message", q.Seq)
		}
		body.Close()
	}
	for _, q := range all {
		w.check(s.Quarantine.Release(q.Seq))
	}
	w.check(s.Close())
	// There is room again, and a new day brings a new task.
	w.clock.Advance(25 * time.Hour)
	w.arrive(letter("x@mx.example", "MAILER-DAEMON@mx.example", "Undelivered",
		"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"+
			"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n--b--",
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b"))
	w.quiet()
	if all := w.quarantined(); len(all) != 1 || !all[0].Whole || len(w.portal.Tasks()) != 3 {
		t.Errorf("the next day: %+v, %d tasks", all, len(w.portal.Tasks()))
	}
}

// byPeople removes the portal's own comments.
func byPeople(all []sandbox.Comment) (said []sandbox.Comment) {
	for _, c := range all {
		if !c.System {
			said = append(said, c)
		}
	}
	return said
}

// One task a day reports messages that could not be processed. Up to a limit, each of them is listed there with its
// file.
func TestOneTaskADayTellsOfTheQuarantine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.quarantineAfter = 1
	w.breakTexts = func(t outbox.Texts) outbox.Texts { return failingTexts{t, false} }
	for i := range 25 {
		w.arrive(letter(fmt.Sprint(i, "@a.example"), fmt.Sprintf("poison%d@a%d.example", i, i),
			fmt.Sprint("Letter ", i), "please"))
	}
	w.quiet()
	tasks := w.portal.Tasks()
	if len(tasks) != 1 || len(w.quarantined()) != 25 {
		t.Fatalf("%d tasks, %d in the quarantine", len(tasks), len(w.quarantined()))
	}
	told := ""
	files := len(tasks[0].Files)
	for _, c := range byPeople(tasks[0].Comments) {
		told += c.Text + "\n"
		files += len(c.Files)
	}
	if files != 20 || strings.Count(told, "quarantine list") != 1 || !strings.Contains(told, "poison19@") ||
		strings.Contains(told, "poison20@") {
		t.Errorf("%d files; the task tells:\n%s", files, told)
	}
	if human, auto := w.letters(); len(human)+len(auto) > 0 {
		t.Errorf("letters: %v %v", human, auto)
	}
}

// Failures are counted for a message, not for its number: a restored server may assign the number to another message.
func TestAttemptsAreNotInherited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.breakTexts = func(t outbox.Texts) outbox.Texts { return failingTexts{t, false} }
	for i, raw := range [][]byte{
		letter("1@a.example", "poison@a.example", "First", "one"),
		letter("2@a.example", "poison@a.example", "Other", "one"), // same length and time
		letter("3@a.example", "poison@a.example", "Third", "one and more"),
	} {
		if i > 0 {
			w.anotherServer()
		}
		w.arrive(raw)
		for range w.quarantineAfter - 1 {
			w.poll()
		}
		if all := w.quarantined(); len(all) != 0 {
			t.Fatalf("letter %d: %+v", i, all)
		}
	}
	w.breakTexts = nil
	w.quiet()
	if tasks := w.portal.Tasks(); len(tasks) != 1 || tasks[0].Title != "Third" {
		t.Errorf("%+v", tasks)
	}
}
