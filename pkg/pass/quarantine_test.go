package pass_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/render"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// failingTexts fails over the posts of one sender's letters, by an error or by a panic.
type failingTexts struct {
	outbox.Texts
	panics bool
}

func (p failingTexts) Post(post desk.Post, v render.PostVars) (string, string, error) {
	if post.Form == desk.FormTask && strings.Contains(post.From.Addr, "poison") {
		if p.panics {
			panic("of death")
		}
		return "", "", errors.New("cannot be written")
	}
	return p.Texts.Post(post, v)
}

func (w *world) quarantined() []desk.Quarantined {
	w.t.Helper()
	_, s := w.open(store.Options{})
	defer s.Close()
	all, err := s.Quarantine.All()
	w.check(err)
	return all
}

func TestAFailingMessageGoesToTheQuarantineAndTheRestOfThePassIsDone(t *testing.T) {
	for _, panics := range []bool{false, true} {
		t.Run(fmt.Sprint("panics ", panics), func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.breakTexts = func(t outbox.Texts) outbox.Texts { return failingTexts{t, panics} }
			w.arrive(letter("1@a.example", "first@a.example", "First", "one"))
			bad := letter("2@a.example", "poison@a.example", "Second", "two")
			w.arrive(bad)
			w.arrive(letter("3@a.example", "third@a.example", "Third", "three"))
			for i := 1; i <= 2; i++ {
				r, _ := w.poll()
				if left, _ := r.Left(); left != pass.Temporary || r.Quarantine != 0 {
					t.Fatalf("pass %d: %+v", i, r)
				}
				if n := len(w.portal.Tasks()); n != 2 {
					t.Fatalf("pass %d: %d tasks, the other letters are not done", i, n)
				}
			}
			r, _ := w.poll()
			if left, _ := r.Left(); left != pass.Held || r.Quarantine != 1 {
				t.Fatalf("the third pass: %+v", r)
			}
			w.quiet()
			tasks := w.portal.Tasks()
			if len(tasks) != 3 || len(tasks[2].Files) != 1 || string(tasks[2].Files[0].Content) != string(bad) {
				t.Fatalf("no task tells of it with the whole message: %+v", tasks)
			}
			if all := w.quarantined(); len(all) != 1 || !all[0].Whole || !w.imap.Messages("INBOX")[1].Seen {
				t.Fatalf("quarantine: %+v", all)
			}
			_, auto := w.letters()
			if len(auto) != 2 {
				t.Errorf("%d auto-replies", len(auto))
			}
			w.retried(t)
		})
	}
}

// retried lets the message out of the quarantine after what was wrong is mended.
func (w *world) retried(t *testing.T) {
	t.Helper()
	w.breakTexts = nil
	_, s := w.open(store.Options{})
	all, err := s.Quarantine.All()
	w.check(err)
	w.check(s.Quarantine.Again(all[0].Seq))
	w.check(s.Close())
	w.quiet()
	tasks := w.portal.Tasks()
	if len(tasks) != 4 || tasks[3].Title != "Second" || len(w.quarantined()) != 0 {
		t.Errorf("after the retry: %d tasks, %d in quarantine", len(tasks), len(w.quarantined()))
	}
}

func TestAMessageThatCannotBeFetchedDoesNotStopTheOthers(t *testing.T) {
	w := newWorld(t, sandbox.PortalOptions{})
	w.arrive(letter("1@a.example", "first@a.example", "First", "one"))
	w.arrive(letter("2@a.example", "second@a.example", "Second", "two"))
	w.arrive(letter("3@a.example", "third@a.example", "Third", "three"))
	w.unreadable("2", "1:3")
	for range 3 {
		w.poll()
	}
	w.quiet()
	var titles []string
	for _, task := range w.portal.Tasks() {
		titles = append(titles, task.Title)
	}
	text := strings.Join(titles, "|")
	if !strings.Contains(text, "First") || !strings.Contains(text, "Third") || len(titles) != 3 {
		t.Fatalf("tasks: %v", titles)
	}
	if all := w.quarantined(); len(all) != 1 || all[0].Whole || w.imap.Messages("INBOX")[1].Seen {
		t.Errorf("quarantine: %+v; a message that is not kept must stay unseen", all)
	}
}

// TestAServerThatGivesNoMessagesQuarantinesNone has the server refuse every FETCH of bodies for longer than a message
// may fail.
func TestAServerThatGivesNoMessagesQuarantinesNone(t *testing.T) {
	w := newWorld(t, sandbox.PortalOptions{})
	for i := range 5 {
		w.arrive(letter(fmt.Sprint(i, "@a.example"), fmt.Sprintf("a%d@a.example", i), fmt.Sprint("Letter ", i), "please"))
	}
	fetches := 0
	w.imap.Inject(func(c, _ string) error {
		switch {
		case strings.HasSuffix(c, "SEARCH"):
			fetches = 0
		case strings.HasSuffix(c, "FETCH"):
			if fetches++; fetches > 1 { // the first is the list
				return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeUnavailable, Text: "Backend error"}
			}
		}
		return nil
	})
	for range w.quarantineAfter + 1 {
		r, _ := w.poll()
		if left, err := r.Left(); left != pass.Temporary || !strings.Contains(fmt.Sprint(err), "Backend error") {
			t.Errorf("left %v, %v", left, err)
		}
	}
	w.imap.Inject(nil)
	w.quiet()
	if _, auto := w.letters(); len(auto) != 5 || len(w.portal.Tasks()) != 5 || len(w.quarantined()) != 0 {
		t.Errorf("%d tasks, %d auto-replies, quarantine: %+v", len(w.portal.Tasks()), len(auto), w.quarantined())
	}
}
