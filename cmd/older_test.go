package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"helpdesk/cmd/exit"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// aged is a drive at today's time, whose state is replaced by an older copy.
type aged struct {
	*drive
	state string
}

func newAged(t *testing.T, o sandbox.PortalOptions) *aged {
	d := newDrive(t, o, "")
	d.clock.Advance(time.Since(d.clock.Now())) // the state's file has times of the machine's clock
	return &aged{d, filepath.Join(d.dir, "helpdesk.db")}
}

// keep copies the state, by the command or like cp.
func (a *aged) keep(byHand bool) {
	a.t.Helper()
	if !byHand {
		a.must(exit.Done, "state", "backup", a.state+".old")
		return
	}
	if err := os.WriteFile(a.state+".old", a.stateBytes(), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *aged) restore() {
	a.t.Helper()
	if err := os.Rename(a.state+".old", a.state); err != nil {
		a.t.Fatal(err)
	}
}

// failing makes the portal refuse new tasks and comments, or ends that.
func (a *aged) failing(on bool) {
	a.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		writes := strings.HasSuffix(c.Method, "task.add") || strings.Contains(c.Method, "commentitem.add") ||
			strings.Contains(c.Method, "im.message.add")
		if on && writes {
			return sandbox.Fault{Kind: sandbox.BadGateway}
		}
		return sandbox.Fault{}
	})
}

// passes runs passes until nothing is left to do, and returns how many messages about the state were printed.
func (a *aged) passes() (told int) {
	a.t.Helper()
	for range 6 {
		a.clock.Advance(3 * time.Minute)
		for _, kind := range []string{"poll", "notify"} {
			status, _, said := a.run("-v", kind)
			if n := strings.Count(said, "helpdesk: state: it is "); n > 0 {
				told += n
				if status != exit.Held && status != exit.Temporary {
					a.t.Errorf("%s tells of the state with status %d:\n%s", kind, status, said)
				}
			}
		}
	}
	return told
}

// An older copy of the state makes no task, comment or auto-reply a second time, sends no answer under another
// Message-ID, and is reported once.
func TestAnOlderStateInPlace(t *testing.T) {
	for _, card := range cards {
		for name, byHand := range map[string]bool{"a backup": false, "a copy by hand": true} {
			t.Run(card.name+", "+name, func(t *testing.T) {
				t.Parallel()
				testOlderState(t, card.o, byHand)
			})
		}
	}
}

func testOlderState(t *testing.T, o sandbox.PortalOptions, byHand bool) {
	a := newAged(t, o)
	a.letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print.")
	a.letter("2@vostok.example", "petr@vostok.example", "Keyboard", "Keys are missing.")
	if told := a.passes(); told != 0 {
		t.Fatal("a state that is none is told of")
	}
	a.failing(true)
	a.letter("3@romashka.example", "ivan@romashka.example", "Re: Printer", "It blinks.",
		"In-Reply-To: <1@romashka.example>")
	a.letter("4@stroymir.example", "anna@stroymir.example", "Password", "I forgot it.")
	a.run("poll")
	a.smtp.Inject(func(string, string) error { return &smtp.SMTPError{Code: 451, Message: "later"} })
	a.portal.Say(a.portal.Tasks()[0].ID, 7, "Which model is it?")
	a.clock.Advance(time.Minute)
	a.run("notify")
	a.keep(byHand)
	if out := a.must(exit.Done, "outbox", "list"); strings.Count(out, "letter") < 2 ||
		!strings.Contains(out, "comment") {
		t.Fatalf("nothing waits:\n%s", out)
	}
	a.failing(false)
	a.smtp.Inject(nil)
	a.passes()
	// the copy does not have this letter and the following ones
	a.letter("5@vostok.example", "olga@vostok.example", "Mouse", "It squeaks.")
	a.letter("6@vostok.example", "petr@vostok.example", "Re: Keyboard", "The Q, too.",
		"In-Reply-To: <2@vostok.example>")
	a.passes()
	for _, task := range a.portal.Tasks() {
		if task.Title == "Keyboard" {
			a.portal.Say(task.ID, 7, "Please restart it.")
			a.passes() // one at a time, because the state also forgets which comments shared a letter
			a.portal.Say(task.ID, 7, "And again.")
		}
	}
	a.passes()
	before := a.did()
	a.restore()
	if told := a.passes(); told != 1 {
		t.Errorf("told %d times", told)
	}
	if after := a.did(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// did lists the tasks and comments, and the Message-IDs of letters; automatic letters count each time.
func (a *aged) did() string {
	a.t.Helper()
	var all []string
	known := map[string]bool{}
	for _, l := range a.mailed() {
		id := strings.Join(l.To, ",") + " " + l.Message.ID
		if l.automatic() || !known[id] {
			all = append(all, id)
		}
		known[id] = true
	}
	return a.tasks() + strings.Join(all, "\n")
}

func TestAStateThatIsGoneIsTold(t *testing.T) {
	a := newAged(t, sandbox.PortalOptions{})
	a.minute("poll")
	a.minute("notify")
	a.must(exit.Done, "status")
	if err := os.Remove(a.state); err != nil {
		t.Fatal(err)
	}
	if out := a.must(exit.Held, "status"); !strings.Contains(out, "GONE") {
		t.Errorf("status: %s", out)
	}
	if status, _, said := a.run("-v", "poll", "-n"); status != exit.Held || !strings.Contains(said, "it was gone") ||
		a.stateBytes() != nil {
		t.Errorf("dry: status %d: %s", status, said)
	}
	if status, _, said := a.run("-v", "poll"); status != exit.Held || !strings.Contains(said, "it was gone") {
		t.Errorf("status %d: %s", status, said)
	}
	a.minute("poll")
	a.minute("notify")
}

func TestAStateOf0BytesIsDamaged(t *testing.T) {
	a := newAged(t, sandbox.PortalOptions{})
	if err := os.WriteFile(a.state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a.minute("poll") // the file of a disk that was full in the first run
	a.minute("notify")
	if err := os.WriteFile(a.state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"status"}, {
		"poll",
		"-n",
	}, {"poll"}, {"notify"}, {"exclude", "list"}, {"exclude", "add", "a@b.example"}, {"state", "compact"}} {
		if status, _, said := a.run(append([]string{"-v"}, args...)...); status != exit.Failure ||
			!strings.Contains(said, "damaged") {
			t.Errorf("%v: status %d: %s", args, status, said)
		}
	}
	if info, err := os.Stat(a.state); errors.Join(err) != nil || info.Size() != 0 {
		t.Errorf("it was touched: %v", err)
	}
}
