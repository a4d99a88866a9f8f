package pass_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"helpdesk/internal/servers"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// A message is marked on its server only when the state has certainly recorded what was made of it: the results of a
// round are written while the pass goes on. Here another host has taken over before they are.
func TestNothingIsMarkedBeforeItsResultsAreWritten(t *testing.T) {
	t.Parallel()
	p := database(t)
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	const schema = "flush"
	w.state = p.Address("postgres", "", "postgres") + "&search_path=" + schema
	w.policy.AutoReply = false
	const letters = 101 // three portions
	for i := range letters {
		w.arrive(letter(fmt.Sprintf("%d@b.example", i), fmt.Sprintf("n%d@b.example", i), fmt.Sprint(i), "How?"))
	}
	w.wired = func(p *pass.Pass, _ *store.Store) { // messages are marked while the results before them are under way
		p.Outbox.Together = func(fns ...func() error) error { slices.Reverse(fns); return inTurn(fns...) }
	}
	overtaken(w, p, schema, "record results, before", 1)
	if n := w.seen(); n > 0 {
		t.Errorf("%d messages are marked", n)
	}
	w.wired = nil
	w.minutes(15, w.poll)
	if n, seen := len(w.portal.Tasks()), w.seen(); n != letters || seen != letters {
		t.Errorf("then there are %d tasks, %d messages are marked", n, seen)
	}
}

// seen returns the number of marked messages.
func (w *world) seen() (n int) {
	for _, m := range w.imap.Messages("INBOX") {
		if m.Seen {
			n++
		}
	}
	return n
}

// overtaken runs a pass, and lets another host take over at the nth time that the pass reaches a step.
func overtaken(w *world, p *servers.Postgres, schema, step string, n int) {
	w.t.Helper()
	w.steps = func(name string) {
		if name == step {
			n--
		}
		if n > 0 {
			return
		}
		w.steps = nil
		if _, err := p.SQL("postgres", "update "+schema+".fence set commits = commits + 1"); err != nil {
			w.t.Error(err)
		}
	}
	first, s := w.open(store.Options{})
	if _, err := poll(first, w.t.Context()); !errors.Is(err, store.ErrAway) {
		w.t.Errorf("the pass ends with %v", err)
	}
	_ = s.Close()
}

// Nothing is attempted before the attempt is certainly recorded. Here another host has taken over before it is.
func TestNothingIsAttemptedBeforeTheAttemptIsWritten(t *testing.T) {
	t.Parallel()
	p := database(t)
	for i, c := range []struct {
		what           string
		attempt        int
		tasks, letters int // that were made in spite of it
	}{{"a task", 1, 0, 0}, {"an auto-reply", 2, 1, 0}} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{NewCard: true})
			schema := fmt.Sprintf("attempt%d", i)
			w.state = p.Address("postgres", "", "postgres") + "&search_path=" + schema
			w.arrive(letter("1@b.example", "n1@b.example", "One", "How?"))
			overtaken(w, p, schema, "note attempts, before", c.attempt)
			if tasks, letters := len(w.portal.Tasks()), len(w.smtp.Letters()); tasks != c.tasks || letters != c.letters {
				t.Errorf("%d tasks, %d letters", tasks, letters)
			}
			w.minutes(15, w.poll)
			if tasks, letters := len(w.portal.Tasks()), len(w.smtp.Letters()); tasks != 1 || letters != 1 {
				t.Errorf("then there are %d tasks, %d letters", tasks, letters)
			}
		})
	}
}
