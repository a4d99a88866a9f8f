package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// writer passes the text written to it on.
type writer func(text string)

func (w writer) Write(b []byte) (int, error) { w(string(b)); return len(b), nil }

// holding opens the state like another run; let closes it.
func (d *drive) holding() (state string, let func()) {
	d.t.Helper()
	state = filepath.Join(d.dir, "helpdesk.db")
	s, err := store.Open(state, store.Options{Wait: inherited})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = s.Close() })
	unclaim := status.Claim(state, "helpdesk poll", d.clock.Now())
	return state, func() { unclaim(); _ = s.Close() }
}

// A run that waits for the state can be interrupted at once, and has changed nothing.
func TestInterruptedWhileItWaits(t *testing.T) {
	d := newDrive(t, sandbox.PortalOptions{}, "")
	for _, args := range []string{"exclude add @spam.example", "state compact", "check", "verify"} {
		state, let := d.holding()
		ctx, interrupt := context.WithCancel(context.Background())
		var said strings.Builder
		a := d.app()
		a.Out, a.Err = &said, writer(func(text string) {
			if said.WriteString(text); strings.Contains(text, "waiting for 'helpdesk poll'") {
				interrupt()
			}
		})
		a.personWaits = 5 * time.Minute
		began := time.Now()
		if got := a.run(ctx, d.args(strings.Fields(args)...)); got != exit.Interrupted {
			t.Errorf("%s: status %d\n%s", args, got, &said)
		}
		if took := time.Since(began); took >= a.personWaits {
			t.Errorf("%s took %v", args, took)
		}
		let()
		interrupt()
		s, err := store.Open(state, store.Options{Wait: inherited})
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.People.Exclusions()
		if len(list) != 0 || err != nil {
			t.Errorf("%s: %v, %v", args, list, err)
		}
		_ = s.Close()
	}
}

// A person's command says what it waits for, and does its work when the pass has ended.
func TestAPersonsCommandWaitsForThePass(t *testing.T) {
	d := newDrive(t, sandbox.PortalOptions{}, "")
	_, let := d.holding()
	var said strings.Builder
	a := d.app()
	a.personWaits = time.Minute
	a.Err = writer(func(text string) {
		if said.WriteString(text); strings.Contains(said.String(), "waiting for 'helpdesk poll'") {
			let()
		}
	})
	if got := a.run(t.Context(), d.args("exclude", "add", "@domain.example")); got != exit.Done {
		t.Errorf("status %d", got)
	}
	if !strings.Contains(said.String(), "waiting for 'helpdesk poll'") {
		t.Errorf("it says %q", &said)
	}
	d.must(exit.Done, "exclude", "test", "a@domain.example")
}

// --timeout includes the wait for the state. Then the state is in use, which is temporary.
func TestTimeoutWhileItWaits(t *testing.T) {
	d := newDrive(t, sandbox.PortalOptions{}, "")
	d.holding()
	for _, args := range []string{"poll", "notify", "exclude add @spam.example"} {
		var errs strings.Builder
		a := d.app()
		a.Err = &errs
		a.passWaits, a.personWaits = 5*time.Minute, 5*time.Minute
		began := time.Now()
		status := a.run(t.Context(), d.args(append([]string{"--timeout", "200ms", "-v"}, strings.Fields(args)...)...))
		if took := time.Since(began); status != exit.Temporary || took >= a.passWaits ||
			!strings.Contains(errs.String(), "in use by another run") {
			t.Errorf("%s: status %d after %v\n%s", args, status, took, &errs)
		}
	}
}

// A mail server that does not answer keeps no other command from the state, because the log-in comes before the state
// is opened. While another run has the state open, a poll logs in nowhere.
func TestASilentMailServerKeepsNobodyFromTheState(t *testing.T) {
	for _, command := range []string{"LOGIN", "SELECT", "SEARCH"} {
		t.Run(command, func(t *testing.T) {
			d := newDrive(t, sandbox.PortalOptions{}, "")
			d.letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print.")
			asked, answer := make(chan struct{}), make(chan struct{})
			tell := sync.OnceFunc(func() { close(asked) }) // a look searches twice
			d.imap.Inject(func(name, _ string) error {
				if strings.HasSuffix(name, command) {
					tell()
					<-answer
				}
				return nil
			})
			ended := make(chan int, 1)
			go func() { status, _, _ := d.run("poll"); ended <- status }()
			select {
			case <-asked:
			case <-time.After(time.Minute):
				t.Fatal("it never asks")
			}
			d.must(exit.Done, "exclude", "add", "@spam.example")
			d.must(exit.Done, "notify")
			close(answer)
			d.imap.Inject(nil)
			if status := <-ended; status != exit.Done || len(d.portal.Tasks()) != 1 {
				t.Errorf("poll: status %d, %d tasks", status, len(d.portal.Tasks()))
			}
		})
	}
	d := newDrive(t, sandbox.PortalOptions{}, "")
	d.holding()
	d.imap.ResetCounts()
	d.must(exit.Temporary, "--timeout", "200ms", "poll")
	if n := d.imap.Commands()["LOGIN"]; n != 0 {
		t.Errorf("while the state is in use: %d log-ins", n)
	}
}

// Fewer and fewer passes try an unusable mailbox, and dry runs count too. Other commands that write into the state in
// between do not change that.
func TestAFailedMailboxIsLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		refusal *imap.Error
		status  int
		want    string // the minutes in which a log-in was tried
	}{
		"refused": {
			&imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeAuthenticationFailed, Text: "wrong"},
			exit.Wrong,
			"[0 1 6 21]",
		},
		"away": {
			&imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeUnavailable, Text: "later"},
			exit.Temporary,
			"[0 1 3 7 15]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, sandbox.PortalOptions{}, "")
			minute, logins := 0, []int(nil)
			d.imap.Inject(func(command, _ string) error {
				if command == "LOGIN" {
					logins = append(logins, minute)
					return c.refusal
				}
				return nil
			})
			for minute = range 25 {
				if status, _, errs := d.run("poll"); status != c.status {
					t.Fatalf("minute %d: status %d\n%s", minute, status, errs)
				}
				if minute == 4 {
					d.must(exit.Done, "exclude", "add", "@spam.example")
					d.must(exit.Done, "notify")
					d.run("poll", "-n")
				}
				d.clock.Advance(time.Minute)
			}
			if got := fmt.Sprint(logins); got != c.want {
				t.Errorf("log-ins in the minutes %v, want %v", got, c.want)
			}
		})
	}
}
