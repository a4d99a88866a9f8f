package pass_test

import (
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/sandbox"
	"helpdesk/pkg/store"
)

// refused is a world whose first letter's task the portal refused for good.
func refused(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, sandbox.PortalOptions{})
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "tasks.task.add" {
			return sandbox.Fault{Kind: sandbox.ErrorAnswer, Code: "ERROR_CORE", Text: "no"}
		}
		return sandbox.Fault{}
	})
	w.arrive(letter("1@a.example", "a@a.example", "First", "please"))
	w.poll()
	w.portal.Inject(nil)
	return w
}

// giveUp drops what is held.
func (w *world) giveUp() {
	w.t.Helper()
	_, s := w.open(store.Options{})
	all, err := s.Pendings()
	w.check(err)
	for _, d := range all {
		if d.Held {
			_, _, err = s.Drop(w.clock.Now(), d.Seq)
			w.check(err)
		}
	}
	w.check(s.Close())
	w.clock.Advance(time.Minute)
}

func TestNothingIsSaidOfATaskThatWasDropped(t *testing.T) {
	w := refused(t)
	w.arrive(letter("2@a.example", "a@a.example", "Re: First", "and hurry", "In-Reply-To: <1@a.example>"))
	w.poll()
	w.giveUp()
	w.quiet()
	w.want("dropped", 0, 0)
	for _, m := range w.imap.Messages("INBOX") {
		if !m.Seen {
			t.Errorf("message %d is still to be done", m.UID)
		}
	}
	w.clock.Advance(25 * time.Hour) // the limits count an auto-reply from when it is due
	w.arrive(letter("3@a.example", "a@a.example", "Re: First", "well?", "In-Reply-To: <2@a.example>"))
	w.quiet()
	w.want("a letter more", 1, 1)
	if text := w.portal.Tasks()[0].Description; !strings.Contains(text, "well?") || strings.Contains(text, "удалена") {
		t.Errorf("its task:\n%s", text)
	}
}
