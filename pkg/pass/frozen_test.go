package pass_test

import (
	"strings"
	"testing"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// A machine that was frozen between noting an attempt and making it does not make it: another host may have looked for
// it.
func TestAFrozenMachineMakesNothingLate(t *testing.T) {
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
