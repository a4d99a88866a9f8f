package pass_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// A machine that was suspended between recording an attempt and making it does not make it, because another host may
// already have searched for its result.
func TestAFrozenMachineMakesNothingLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.arrive(letter("1@b.example", "n1@b.example", "One", "How?"))
	frozen := false
	w.steps = func(name string) {
		if name == "note attempts, after" && !frozen {
			frozen = true
			w.clock.Advance(90 * time.Second)
		}
	}
	w.poll()
	if n := len(w.portal.Tasks()); n != 0 || !frozen {
		t.Errorf("%d tasks are made late", n)
	}
	w.steps = nil
	w.quiet()
	text, auto := w.shape()
	if n := strings.Count(text, "task "); n != 1 || len(auto) != 1 {
		t.Errorf("%d tasks and %d auto-replies in the end:\n%s", n, len(auto), text)
	}
}

// A machine that was suspended or cut off before its letters were sent does not send them if another host has worked in
// the meantime.
func TestAFrozenMachineSendsNothingLate(t *testing.T) {
	p := database(t)
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.state = p.Address("postgres", "", "postgres") + "&search_path=frozen"
	w.opening = func(o *store.Options) { o.Now, o.Wait = w.clock.Now, time.Minute }
	w.arrive(letter("1@b.example", "n1@b.example", "One", "How?"))
	// frozen runs a pass that stops after it has recorded an attempt, while the other host runs the same pass.
	frozen := func(attempt int, pass func(*pass.Pass, context.Context) (*pass.Report, error)) {
		t.Helper()
		w.steps = func(name string) {
			if name != "note attempts, after" {
				return
			}
			if attempt--; attempt > 0 {
				return
			}
			w.steps = nil
			w.clock.Advance(90 * time.Second)
			if _, err := p.SQL("postgres", "select pg_terminate_backend(pid, 5000) from pg_stat_activity "+
				"where application_name like 'helpdesk%'"); err != nil {
				t.Error(err)
			}
			w.run(pass)
		}
		first, s := w.open(store.Options{})
		if _, err := pass(first, t.Context()); !errors.Is(err, store.ErrAway) {
			t.Errorf("the frozen one ends with %v", err)
		}
		_ = s.Close()
		if attempt != 0 {
			t.Errorf("%d more attempts were expected", attempt)
		}
	}
	frozen(2, poll) // the task, then the auto-reply, which the other host counts as sent
	if n := len(w.portal.Tasks()); n != 1 || len(w.smtp.Letters()) != 0 {
		t.Errorf("%d tasks, %d letters", n, len(w.smtp.Letters()))
	}
	w.portal.Say(w.portal.Tasks()[0].ID, specialist, "So.")
	w.clock.Advance(time.Minute)
	frozen(1, (*pass.Pass).Announce)
	if n := len(w.smtp.Letters()); n != 1 {
		t.Errorf("the answer went out %d times", n)
	}
}
