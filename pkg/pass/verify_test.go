package pass_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// differences returns what verify finds about tasks. It checks that each difference names a sender and says what to do.
func (w *world) differences() []pass.Difference {
	w.t.Helper()
	p, s := w.open(store.Options{})
	_, found, err := pass.VerifyTickets(w.t.Context(), p.Outbox.Portal.(pass.Shelf),
		pass.Archive{Ledger: s.Ledger, Tickets: s.Tickets, Outbox: s.Outbox, Signer: s.Signer()}, time.Time{})
	w.check(err)
	w.check(s.Close())
	ids := map[string]bool{}
	for _, d := range found {
		if d.From == "" || d.Do == "" || d.Note == "" || d.Task == 0 || d.UID == 0 || ids[d.ID] || d.ID == "" {
			w.t.Errorf("%+v", d)
		}
		ids[d.ID] = true
	}
	return found
}

// verified returns what verify finds, in short form.
func (w *world) verified() (found []string) {
	w.t.Helper()
	for _, d := range w.differences() {
		found = append(found, strings.TrimSpace(d.What+": "+d.From+" "+d.File))
	}
	slices.Sort(found)
	return found
}

// named returns a filter for files by the beginning of their names: the portal may have appended a number.
func named(begin string) func(sandbox.File) bool {
	return func(f sandbox.File) bool { return strings.HasPrefix(f.Name, begin) }
}

// Files of a task or comment that the portal no longer shows are reported one by one.
func TestVerifyComparesFiles(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, o)
			w.arrive(withTwoFiles("1@a.example", "ivan@a.example", "Printer", "Two files are with this."))
			w.quiet()
			w.arrive(withTwoFiles("2@a.example", "ivan@a.example", "Re: Printer", "Two more are with this.",
				"In-Reply-To: <1@a.example>"))
			w.arrive(withTwoFiles("3@a.example", "olga@a.example", "Scanner", "Two of mine."))
			w.quiet()
			w.complete()
			tasks := w.portal.Tasks()
			w.portal.DropFiles(tasks[1].ID, named("two"))
			if lost := w.verified(); !slices.Equal(lost, []string{"file not on the task: olga@a.example two.log"}) {
				t.Errorf("of a task: %q", lost)
			}
			at := slices.IndexFunc(tasks[0].Comments, func(c sandbox.Comment) bool { return len(c.Files) > 0 })
			if at < 0 {
				t.Fatalf("no comment with files: %+v", tasks[0].Comments)
			}
			w.portal.DropFiles(tasks[0].ID, named("one"))
			const file = "file not on the task: "
			want := []string{file + "ivan@a.example one.log", file + "ivan@a.example one.log",
				file + "olga@a.example two.log"}
			if lost := w.verified(); !slices.Equal(lost, want) {
				t.Errorf("of a task and its comment: %q", lost)
			}
		})
	}
}

// complete runs passes until everything made is confirmed, and checks that verify finds nothing.
func (w *world) complete() {
	w.t.Helper()
	w.clock.Advance(time.Minute)
	w.quiet()
	if found := w.verified(); len(found) != 0 {
		w.t.Fatalf("nothing differs: %q", found)
	}
}

// A missing comment and a cut text are reported. A missing remark of ours and additions by a specialist are not.
func TestVerifyComparesTexts(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			task := w.opened()
			w.again(1, "The second letter, of some more words.")
			w.quiet()
			w.again(2, "The third letter, of some more words.")
			w.quiet()
			w.again(3, "The fourth letter, of some more words.")
			w.quiet()
			w.complete()
			comment := func(text string) int64 { ids, _ := w.ours(task, text); return ids[0] }
			is := func(want ...string) {
				t.Helper()
				if found := w.verified(); !slices.Equal(found, want) {
					t.Errorf("%q, want %q", found, want)
				}
			}
			const gone, cut = "comment not on the task: ivan@romashka.example", "text not on the task: " +
				"ivan@romashka.example"
			w.portal.DeleteComment(task, comment("The second"))
			is(gone)
			w.portal.LoseComment(task, comment("The third"))
			is(gone, gone)
			got, _ := w.portal.Task(task)
			w.portal.EditTask(task, got.Description+"\nHe has called, too.")
			is(gone, gone)
			w.portal.EditTask(task, strings.Replace(got.Description, "It does not print.", "",
				1)[:len(got.Description)/2])
			is(gone, gone, cut)
			at := comment("The fourth")
			for _, c := range got.Comments {
				if c.ID == at {
					first, _, _ := strings.Cut(c.Text, "\n")
					w.portal.EditComment(task, at, first)
				}
			}
			is(gone, gone, cut, cut)
		})
	}
}

// Neither another comment under the number of ours nor a specialist's comment counts as ours.
func TestVerifyGoesByMarks(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			task := w.opened()
			w.again(1, "The second letter.")
			w.quiet()
			w.clock.Advance(time.Minute)
			w.quiet()
			ids, _ := w.ours(task, "The second letter.")
			w.portal.EditComment(task, ids[0],
				"The second letter, it seems, in the place of ours.\n\nhd-0123456789abcdef")
			if found := w.verified(); len(found) != 1 || !strings.HasPrefix(found[0], pass.CommentNotOnTask) {
				t.Errorf("%q", found)
			}
		})
	}
}

// deceiver is a folder with a different letter at each place.
type deceiver struct{ pass.Folder }

func (d deceiver) MessageIDs(_ context.Context, uids []uint32) (map[uint32][]byte, error) {
	ids := map[uint32][]byte{}
	for _, uid := range uids {
		ids[uid] = fmt.Appendf(nil, "Message-ID: <other%d@a.example>\r\n\r\n", uid)
	}
	return ids, nil
}

// A message at a known place is compared with the record, and its sender is named.
func TestVerifyComparesLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.opened()
	w.quiet()
	p, s := w.open(store.Options{})
	defer func() { w.check(s.Close()) }()
	mb, err := p.Boxes[0].Open(t.Context(), true)
	w.check(err)
	f := mb.(*steppingMailbox).Mailbox
	verify := func(f pass.Folder) []pass.Difference {
		t.Helper()
		_, ds, err := pass.VerifyMailbox(t.Context(), p.Boxes[0], f, s.Ledger, morning.Add(-time.Hour), morning)
		w.check(err)
		return ds
	}
	if ds := verify(f); len(ds) != 0 {
		t.Errorf("%+v", ds)
	}
	ds := verify(deceiver{f})
	if len(ds) != 1 || ds[0].What != pass.MailWithoutRecord || ds[0].From != "ivan@romashka.example" ||
		ds[0].Subject != "Printer" ||
		!strings.Contains(ds[0].Note, "another letter") || !strings.Contains(ds[0].Do, "unread") {
		t.Errorf("%+v", ds)
	}
}

// A task with another task's mark and a comment that exists twice are reported. The ticket's own task is not.
func TestVerifyTellsDoubles(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			task := w.opened()
			w.again(1, "The second letter, of some more words.")
			w.quiet()
			w.complete()
			was, _ := w.portal.Task(task)
			answer, err := http.PostForm(w.webhook+"tasks.task.add", url.Values{
				"fields[TITLE]":          {was.Title},
				"fields[XML_ID]":         {was.XMLID},
				"fields[RESPONSIBLE_ID]": {"7"},
			})
			w.check(err)
			_ = answer.Body.Close()
			ids, _ := w.ours(task, "The second letter")
			for _, c := range was.Comments {
				if c.ID == ids[0] {
					w.portal.Say(task, c.Author, c.Text)
				}
			}
			want := []string{"comment made twice: ivan@romashka.example", "task made twice: ivan@romashka.example"}
			if found := w.verified(); !slices.Equal(found, want) {
				t.Errorf("%q, want %q", found, want)
			}
			for _, d := range w.differences() {
				if d.What == pass.TaskMadeTwice &&
					(d.Task == task || !strings.Contains(d.Note, fmt.Sprint("task ", task))) {
					t.Errorf("%+v", d)
				}
			}
		})
	}
}
