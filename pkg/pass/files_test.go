package pass_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// verified is what verify finds about files: whose letter lacks which.
func (w *world) verified() (lost []string) {
	w.t.Helper()
	p, s := w.open(store.Options{})
	_, found, err := pass.VerifyTickets(w.t.Context(), p.Outbox.Portal,
		pass.Archive{Ledger: s.Ledger, Tickets: s.Tickets, Outbox: s.Outbox, Signer: s.Signer()}, time.Time{})
	w.check(err)
	w.check(s.Close())
	for _, d := range found {
		if d.What != pass.FileNotOnTask || d.Task == 0 || d.UID == 0 {
			w.t.Errorf("%+v", d)
		}
		lost = append(lost, d.From+": "+d.File)
	}
	slices.Sort(lost)
	return lost
}

// named says which files have a name that begins so: the portal may have counted them.
func named(begin string) func(sandbox.File) bool {
	return func(f sandbox.File) bool { return strings.HasPrefix(f.Name, begin) }
}

// What a task or a comment was made with and does not show any more is told, file by file.
func TestVerifyComparesFiles(t *testing.T) {
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, o)
			w.arrive(withTwoFiles("1@a.example", "ivan@a.example", "Printer", "Two files are with this."))
			w.quiet()
			w.arrive(withTwoFiles("2@a.example", "ivan@a.example", "Re: Printer", "Two more are with this.", "In-Reply-To: <1@a.example>"))
			w.arrive(withTwoFiles("3@a.example", "olga@a.example", "Scanner", "Two of mine."))
			w.quiet()
			w.clock.Advance(time.Minute)
			w.quiet()
			if lost := w.verified(); len(lost) != 0 {
				t.Fatalf("everything is there: %q", lost)
			}
			tasks := w.portal.Tasks()
			w.portal.DropFiles(tasks[1].ID, named("two"))
			if lost := w.verified(); !slices.Equal(lost, []string{"olga@a.example: two.log"}) {
				t.Errorf("of a task: %q", lost)
			}
			at := slices.IndexFunc(tasks[0].Comments, func(c sandbox.Comment) bool { return len(c.Files) > 0 })
			if at < 0 {
				t.Fatalf("no comment with files: %+v", tasks[0].Comments)
			}
			w.portal.DropFiles(tasks[0].ID, named("one"))
			want := []string{"ivan@a.example: one.log", "ivan@a.example: one.log", "olga@a.example: two.log"}
			if lost := w.verified(); !slices.Equal(lost, want) {
				t.Errorf("of a task and its comment: %q", lost)
			}
		})
	}
}
