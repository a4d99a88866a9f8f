package pass_test

import (
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/pass"
	"helpdesk/pkg/store"
)

// In a portal restored from a backup our task's id may belong to another task. Our letter then makes a task of its own,
// the other task's comments are sent to nobody, and verify reports the difference.
func TestNumberOfATaskIsAnothers(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			task := w.opened()
			w.quiet()
			w.portal.ReplaceTask(task, "Salaries")
			w.portal.Say(task, specialist, "Nobody outside must read this.")
			w.clock.Advance(time.Minute)
			w.quiet()
			if answers := strings.Join(w.answers(), "\n"); strings.Contains(answers, "Nobody outside") {
				t.Error("another task's comment is mailed:", answers)
			}
			p, s := w.open(store.Options{})
			_, found, err := pass.VerifyTickets(t.Context(), p.Outbox.Portal.(pass.Shelf),
				pass.Archive{Ledger: s.Ledger, Tickets: s.Tickets, Outbox: s.Outbox, Signer: s.Signer()}, time.Time{})
			w.check(err)
			w.check(s.Close())
			if len(found) != 1 || !strings.Contains(found[0].Note, "another task") {
				t.Errorf("verify: %+v", found)
			}
			w.again(1, "And it blinks.")
			w.quiet()
			if ids, _ := w.ours(task, "And it blinks."); len(ids) != 0 {
				t.Error("our letter is a comment of another task")
			}
			if all := w.portal.Tasks(); len(all) != 2 || !strings.Contains(all[1].Description, "And it blinks.") {
				t.Errorf("%+v", all)
			}
		})
	}
}
