package pass_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// refusing is a ledger that fails to record one sender's letters.
type refusing struct{ pass.Ledger }

func (r refusing) Record(now time.Time, es []desk.Entry, window time.Duration,
	decide func(int, desk.Facts) (desk.Decision, error)) error {
	return r.Ledger.Record(now, es, window, func(i int, f desk.Facts) (desk.Decision, error) {
		if strings.Contains(es[i].From.Addr, "poison") {
			return desk.Decision{}, errors.New("write state: key too large")
		}
		return decide(i, f)
	})
}

// If one letter cannot be recorded, the letters read with it are recorded. It is read again, and at last goes into the
// quarantine, which a task reports.
func TestARecordThatFailsIsItsLettersOwn(t *testing.T) {
	t.Parallel()
	for _, at := range [][]int{{0}, {3}, {6}, {1, 4}} { // first, in the middle, last, two of them
		w := newWorld(t, sandbox.PortalOptions{})
		w.quarantineAfter = 2
		w.wired = func(p *pass.Pass, _ *store.Store) { p.Ledger = refusing{p.Ledger} }
		for i := range 7 {
			from := fmt.Sprintf("good%d@x%d.example", i, i)
			for _, bad := range at {
				if bad == i {
					from = fmt.Sprintf("poison%d@x%d.example", i, i)
				}
			}
			w.arrive(letter(fmt.Sprintf("%d@x.example", i), from, fmt.Sprint("Letter ", i), "please"))
		}
		r, _ := w.poll()
		if left, _ := r.Left(); r.Opened != 7-len(at) || left == pass.Nothing {
			t.Errorf("%v: opened %d, left %v", at, r.Opened, left)
		}
		for range 3 {
			w.clock.Advance(20 * time.Minute)
			w.poll()
		}
		if all := w.quarantined(); len(all) != len(at) || !strings.Contains(all[0].Cause, "too large") {
			t.Errorf("%v: quarantine %+v", at, all)
		}
		w.wired = nil
		w.readmit()
		w.quiet()
		opened := 0
		for _, task := range w.portal.Tasks() {
			if strings.HasPrefix(task.Title, "Letter") {
				opened++
			}
		}
		if opened != 7 || len(w.quarantined()) != 0 {
			t.Errorf("%v: %d tasks in the end, quarantine %+v", at, opened, w.quarantined())
		}
	}
}
