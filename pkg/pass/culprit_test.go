package pass_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"helpdesk/pkg/desk"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// These tests check that a single text, file, talk or recipient over which a server fails does not stop anything else.

// shown returns the content of a call.
func shown(c *sandbox.Call) string {
	b, _ := c.Params.MarshalJSON()
	return string(b)
}

// lettersTo returns the number of letters sent to the address.
func (w *world) lettersTo(address string) (n int) {
	for _, l := range w.smtp.Letters() {
		if l.To[0] == address {
			n++
		}
	}
	return n
}

// others makes n customers write about different things.
func (w *world) others(n int) {
	for i := range n {
		w.arrive(letter(fmt.Sprint(i, "@b.example"), fmt.Sprintf("b%d@b%d.example", i, i), fmt.Sprint("Good ", i),
			"please"))
	}
}

func TestTextThatThePortalFailsOver(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.Drop, sandbox.BadGateway} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			bad := func(c *sandbox.Call) sandbox.Fault {
				if c.Method == "tasks.task.add" && strings.Contains(shown(c), "poison") {
					return sandbox.Fault{Kind: kind}
				}
				return sandbox.Fault{}
			}
			w.portal.Inject(bad)
			w.arrive(letter("bad@a.example", "a@a.example", "Bad poison", "' or 1=1; poison"))
			w.others(5)
			w.poll()
			w.arrive(letter("new@d.example", "d@d.example", "New", "please"))
			w.portalAway()
			w.poll()
			w.portal.Inject(bad)
			w.clock.Advance(5 * time.Minute)
			if w.poll(); len(w.portal.Tasks()) != 1 {
				t.Errorf("%d tasks: the new one goes with those that failed", len(w.portal.Tasks()))
			}
			for range 3 {
				w.clock.Advance(5 * time.Minute)
				w.poll()
			}
			if n := len(w.portal.Tasks()); n != 6 {
				t.Errorf("%d tasks after 20 minutes", n)
			}
			w.arrive(letter("later@c.example", "c@c.example", "Later", "please"))
			w.clock.Advance(time.Hour)
			if w.poll(); len(w.portal.Tasks()) != 7 {
				t.Errorf("%d tasks: a new one waits for the bad one", len(w.portal.Tasks()))
			}
		})
	}
}

// Several bad texts do not make the portal count as away, either.
func TestTextsThatThePortalFailsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "tasks.task.add" && strings.Contains(shown(c), "poison") {
			return sandbox.Fault{Kind: sandbox.BadGateway}
		}
		return sandbox.Fault{}
	})
	for i := range 5 {
		w.arrive(letter(fmt.Sprint("bad", i, "@a.example"), fmt.Sprintf("a%d@a%d.example", i, i), "Bad", "poison"))
	}
	w.others(5)
	for range 20 {
		w.clock.Advance(5 * time.Minute)
		w.poll()
	}
	if n := len(w.portal.Tasks()); n != 5 {
		t.Errorf("%d tasks", n)
	}
}

// If the portal can be read but makes nothing, a pass does not try every effect.
func TestPortalThatMakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "tasks.task.add" {
			return sandbox.Fault{Kind: sandbox.BadGateway}
		}
		return sandbox.Fault{}
	})
	w.others(20)
	for range 10 {
		w.clock.Advance(5 * time.Minute)
		w.portal.ResetCounts()
		if w.poll(); w.count("tasks.task.add") > 20 || w.portal.Hits() > 5 {
			t.Errorf("%d requests", w.portal.Hits())
		}
	}
}

// After an outage of an hour, the first pass makes everything, because the failures are not counted against the
// effects.
func TestPortalThatWasAwayForAnHour(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.Drop, sandbox.BadGateway} {
		w := newWorld(t, sandbox.PortalOptions{})
		w.others(5)
		w.portal.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: kind} })
		w.minutes(60, w.poll)
		w.portal.Inject(nil)
		w.clock.Advance(time.Minute)
		w.portal.ResetCounts()
		if w.poll(); len(w.portal.Tasks()) != 5 || w.portal.Hits() > 4 {
			t.Errorf("%v: %d tasks, %d requests", kind, len(w.portal.Tasks()), w.portal.Hits())
		}
	}
}

func TestFileThatThePortalFailsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "upload" {
			return sandbox.Fault{Kind: sandbox.BadGateway}
		}
		return sandbox.Fault{}
	})
	_, s := w.open(store.Options{})
	// larger files are uploaded individually
	w.check(s.Cache(w.clock.Now(), map[string][]byte{"portal.inline": []byte("262144")}))
	w.check(s.Close())
	for i := range 2 {
		w.arrive(withFile(fmt.Sprint(i, "@a.example"), fmt.Sprintf("a%d@a%d.example", i, i), "Huge", "see", "huge.bin",
			strings.Repeat("x", 500<<10)))
	}
	w.others(1)
	w.minutes(2, w.poll)
	if n := len(w.portal.Tasks()); n != 1 {
		t.Errorf("%d tasks: a letter without a file waits for the others'", n)
	}
	for range 40 {
		w.clock.Advance(2 * time.Minute)
		w.poll()
	}
	tasks := w.portal.Tasks()
	if len(tasks) != 3 || !strings.Contains(tasks[2].Description, "huge.bin (512 kB)") {
		t.Errorf("%d tasks; the file that does not get through is named:\n%s", len(tasks),
			tasks[len(tasks)-1].Description)
	}
	if n := w.count("upload"); n > 40 {
		t.Errorf("sent %d times", n)
	}
}

// count returns the number of calls of a method of the portal.
func (w *world) count(method string) (n int) {
	for _, c := range w.portal.Calls() {
		if c.Method == method {
			n++
		}
	}
	return n
}

func TestTalkThatThePortalFailsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.arrive(letter("1@a.example", "a@a.example", "First", "please"))
	w.arrive(letter("2@b.example", "b@b.example", "Second", "please"))
	w.quiet()
	w.clock.Advance(time.Hour)
	tasks := w.portal.Tasks()
	before := w.lettersTo("b@b.example")
	for _, task := range tasks {
		w.portal.Say(task.ID, specialist, "an answer")
	}
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "im.dialog.messages.search" && c.Params.Int("CHAT_ID") == tasks[0].Chat {
			return sandbox.Fault{Kind: sandbox.BadGateway}
		}
		return sandbox.Fault{}
	})
	w.clock.Advance(time.Minute)
	if w.notify(); w.lettersTo("b@b.example") != before+1 {
		t.Error("the other customer has no letter")
	}
}

func TestRecipientThatTheRelayBreaksOffOver(t *testing.T) {
	t.Parallel()
	for name, together := range map[string]bool{"in turn": false, "at once": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.unwelcome("bad", &smtp.SMTPError{
				Code:         421,
				EnhancedCode: smtp.EnhancedCode{4, 7, 0},
				Message:      "try again later",
			})
			for i := range 4 {
				w.arrive(letter(fmt.Sprint("bad", i, "@a.example"), fmt.Sprintf("bad%d@a%d.example", i, i),
					fmt.Sprint("Bad ", i), "please"))
			}
			w.others(12)
			for range 5 {
				w.clock.Advance(time.Minute)
				p, s := w.open(store.Options{})
				if together {
					p.Outbox.Together = nil
				}
				_, err := poll(p, context.Background())
				w.check(err)
				w.check(s.Close())
			}
			if n := len(w.smtp.Letters()); n != 12 {
				t.Errorf("%d letters after five passes", n)
			}
		})
	}
}

// After an outage of the relay of an hour, the first pass sends everything.
func TestRelayThatWasAwayForAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.smtp.Inject(func(stage, _ string) error {
		if stage == "connect" || stage == "mail" {
			return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "closed"}
		}
		return nil
	})
	w.others(12)
	w.minutes(60, w.poll)
	w.smtp.Inject(nil)
	w.clock.Advance(10 * time.Minute)
	if w.poll(); len(w.smtp.Letters()) != 12 {
		t.Errorf("%d letters", len(w.smtp.Letters()))
	}
}

// An outage is not counted against an effect: a failure after it counts as the first one.
func TestFailureBehindALongOutage(t *testing.T) {
	t.Parallel()
	t.Run("file", func(t *testing.T) {
		w := newWorld(t, sandbox.PortalOptions{})
		_, s := w.open(store.Options{})
		w.check(s.Cache(w.clock.Now(), map[string][]byte{"portal.inline": []byte("262144")}))
		w.check(s.Close())
		back := w.portalAway()
		w.arrive(withFile("1@a.example", "ivan@a.example", "Printer", "see", "huge.bin", strings.Repeat("x", 500<<10)))
		w.minutes(75, w.poll)
		back()
		w.fail("upload", 1)
		w.quiet()
		if tasks := w.portal.Tasks(); len(tasks) != 1 || len(tasks[0].Files) != 1 {
			t.Errorf("%+v", tasks)
		}
	})
	t.Run("task", func(t *testing.T) {
		w := newWorld(t, sandbox.PortalOptions{NoV3: true})
		w.sources, w.policy.Fields = []string{"directory"}, map[string]desk.Fields{"support": {Responsible: specialist}}
		w.portal.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.QueryLimit} })
		w.others(1)
		w.minutes(20, w.poll)
		w.fail("tasks.task.add", 2)
		w.minutes(15, w.poll)
		if n := len(w.portal.Tasks()); n != 1 {
			t.Errorf("%d tasks a quarter of an hour later", n)
		}
	})
}

// fail makes the given number of calls of a method fail.
func (w *world) fail(method string, times int) {
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == method && times > 0 {
			times--
			return sandbox.Fault{Kind: sandbox.BadGateway}
		}
		return sandbox.Fault{}
	})
}

// If a relay accepts only letters within the company, those are sent and the others wait.
func TestRelayThatRefusesRecipientsOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.unwelcome("outside", &smtp.SMTPError{
		Code:         554,
		EnhancedCode: smtp.EnhancedCode{5, 7, 1},
		Message:      "Relay access denied",
	})
	for i := range 12 {
		w.arrive(letter(fmt.Sprint("o", i, "@a.example"), fmt.Sprintf("o%d@outside%d.example", i, i),
			fmt.Sprint("Out ", i), "please"))
	}
	w.arrive(letter("in@b.example", "in@b.example", "In", "please"))
	w.minutes(5, w.poll)
	if w.lettersTo("in@b.example") != 1 {
		t.Error("no letter after five passes")
	}
	w.smtp.Inject(nil)
	w.clock.Advance(time.Minute)
	if w.poll(); len(w.smtp.Letters()) != 13 {
		t.Errorf("%d letters when the setting is mended", len(w.smtp.Letters()))
	}
}
