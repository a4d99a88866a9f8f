package pass_test

import (
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// refused returns a world in which the portal has permanently refused the first letter's task.
func refused(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, sandbox.PortalOptions{})
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "tasks.task.add" {
			return sandbox.Fault{Kind: sandbox.ErrorAnswer, Code: "ERROR_CORE", Text: "no rights"}
		}
		return sandbox.Fault{}
	})
	w.arrive(letter("1@a.example", "a@a.example", "First", "please"))
	w.persist()
	w.portal.Inject(nil)
	return w
}

// persist runs passes until a person is asked.
func (w *world) persist() {
	for range 5 {
		w.poll()
		w.clock.Advance(10 * time.Minute)
	}
}

// giveUp drops held effects.
func (w *world) giveUp() {
	w.t.Helper()
	_, s := w.open(store.Options{})
	all, err := s.Outbox.Pendings()
	w.check(err)
	for _, d := range all {
		if d.Held {
			_, _, err = s.Outbox.Drop(w.clock.Now(), d.Seq)
			w.check(err)
		}
	}
	w.check(s.Close())
	w.clock.Advance(time.Minute)
}

func TestNothingIsSaidOfATaskThatWasDropped(t *testing.T) {
	t.Parallel()
	w := refused(t)
	w.arrive(letter("2@a.example", "a@a.example", "Re: First", "and hurry", "In-Reply-To: <1@a.example>"))
	w.persist()
	w.giveUp()
	w.quiet()
	w.want("dropped", 0, 0)
	for _, m := range w.imap.Messages("INBOX") {
		if !m.Seen {
			t.Errorf("message %d is still to be done", m.UID)
		}
	}
	w.clock.Advance(25 * time.Hour) // limits count an auto-reply from the time when it is due
	w.arrive(letter("3@a.example", "a@a.example", "Re: First", "well?", "In-Reply-To: <2@a.example>"))
	w.quiet()
	w.want("a letter more", 1, 1)
	if text := w.portal.Tasks()[0].Description; !strings.Contains(text, "well?") || strings.Contains(text, "удалена") {
		t.Errorf("its task:\n%s", text)
	}
}

// A state of an earlier version may contain effects that wait for a dropped task.
func TestWhatWaitsForNoTaskIsHeld(t *testing.T) {
	t.Parallel()
	comment := desk.Effect{Kind: desk.CommentTask, Key: desk.DeriveKey("comment", "2"),
		Post: &desk.Post{Form: desk.FormRepeat, Marker: "hd-2", Text: "hd-2"}}
	reply := desk.Effect{Kind: desk.SendLetter, Key: desk.DeriveKey("received", "2"),
		Letter: &desk.Draft{Kind: desk.Received, Mailbox: "support", To: desk.Address{Addr: "a@a.example"}}}
	for name, c := range map[string]struct {
		effect desk.Effect
		unsure bool
	}{"comment": {comment, false}, "unsure comment": {comment, true}, "letter": {reply, false}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.bring(letter("1@a.example", "a@a.example", "First", "please"))
			w.orphan(c.effect, c.unsure)
			r, _ := w.poll()
			_, s := w.open(store.Options{})
			all, err := s.Outbox.Pendings()
			w.check(err)
			w.check(s.Close())
			if len(all) != 1 || !all[0].Held || r.Held != 1 || r.Waiting != 0 {
				t.Errorf("%+v, outbox %+v", r, all)
			}
			w.want("nothing more", 1, 1)
		})
	}
}

// orphan removes the task from the only ticket and leaves an effect in the outbox.
func (w *world) orphan(e desk.Effect, unsure bool) {
	w.t.Helper()
	_, s := w.open(store.Options{})
	one, err := s.Tickets.Ticket(1)
	w.check(err)
	one.Task = 0
	w.check(s.Tickets.RecordChanges(w.clock.Now(), []uint64{1}, &desk.Reading{},
		func(int, desk.AnnounceFacts) (desk.Decision, error) {
			return desk.Decision{Ticket: &one, Effects: []desk.Effect{e}}, nil
		}))
	due, err := s.Outbox.Due(w.clock.Now(), 1, nil)
	w.check(err)
	if unsure {
		w.check(s.Outbox.Start(w.clock.Now(), desk.Attempts{Seqs: []uint64{due[0].Seq}}))
	}
	w.check(s.Close())
	w.clock.Advance(time.Hour)
}
