package cmd

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// writer calls itself with what is written.
type writer func(text string)

func (w writer) Write(b []byte) (int, error) { w(string(b)); return len(b), nil }

// holding keeps the state, as another run does.
func (d *drive) holding() (state string, let func()) {
	d.t.Helper()
	state = filepath.Join(d.dir, "helpdesk.db")
	s, err := store.Open(state, store.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = s.Close() })
	unclaim := status.Claim(state, "helpdesk poll", d.clock.Now())
	return state, func() { unclaim(); _ = s.Close() }
}

// Whoever waits for the state is interrupted at once, and has changed nothing.
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
		began := time.Now()
		if got := a.run(ctx, d.args(strings.Fields(args)...)); got != exit.Interrupted {
			t.Errorf("%s: status %d\n%s", args, got, &said)
		}
		if took := time.Since(began); took > d.app().personWaits/4 {
			t.Errorf("%s took %v", args, took)
		}
		let()
		interrupt()
		s, err := store.Open(state, store.Options{})
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

// --timeout counts while a run waits for the state, too: the state is in use, and that is temporary.
func TestTimeoutWhileItWaits(t *testing.T) {
	d := newDrive(t, sandbox.PortalOptions{}, "")
	d.holding()
	for _, args := range []string{"poll", "notify", "exclude add @spam.example"} {
		began := time.Now()
		status, _, errs := d.run(append([]string{"--timeout", "200ms", "-v"}, strings.Fields(args)...)...)
		if took := time.Since(began); status != exit.Temporary || took > d.app().passWaits/2 || !strings.Contains(errs, "in use by another run") {
			t.Errorf("%s: status %d after %v\n%s", args, status, took, errs)
		}
	}
}
