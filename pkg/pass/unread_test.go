package pass_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// closedChat makes every look into the first task's chat fail with the error.
func (w *world) closedChat(code string, status int) {
	chat := w.portal.Tasks()[0].Chat
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "im.dialog.messages.search" && c.Params.Int("CHAT_ID") == chat {
			return sandbox.Fault{Kind: sandbox.ErrorAnswer, Code: code, Status: status}
		}
		return sandbox.Fault{}
	})
}

// Comments that could not be read for a while are sent when they can be read, however long that took.
func TestCommentsThatCanNotBeReadForAWhile(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{15, 90} {
		for _, code := range []string{"insufficient_scope", "ERROR_CORE"} {
			t.Run(fmt.Sprint(minutes, code), func(t *testing.T) {
				w := newWorld(t, sandbox.PortalOptions{NewCard: true})
				w.arrive(letter("1@a.example", "a@a.example", "First", "please"))
				w.quiet()
				w.clock.Advance(time.Hour)
				before := w.lettersTo("a@a.example")
				w.portal.Say(w.portal.Tasks()[0].ID, specialist, "an answer")
				w.closedChat(code, 403)
				told := 0
				for i := range minutes {
					w.clock.Advance(time.Minute)
					if i < 15 { // other things happen
						w.arrive(letter(fmt.Sprint("x", i, "@b.example"), fmt.Sprintf("b%d@b.example", i),
							fmt.Sprint("Other ", i), "please"))
						w.poll()
					}
					r, _ := w.notify()
					told += len(r.Problems)
				}
				if told > 1 || minutes > 60 && told != 1 {
					t.Errorf("told %d times", told)
				}
				w.portal.Inject(nil)
				w.minutes(12, w.notify)
				if n := w.lettersTo("a@a.example") - before; n != 1 {
					t.Errorf("%d letters of the answer", n)
				}
			})
		}
	}
}

// answeredInChat returns a world with one task, in whose chat a specialist has just answered.
func answeredInChat(t *testing.T) (w *world, task int64) {
	w = newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.arrive(letter("1@a.example", "a@a.example", "First", "please"))
	w.quiet()
	w.clock.Advance(time.Hour)
	task = w.portal.Tasks()[0].ID
	w.portal.Say(task, specialist, "an answer")
	return w, task
}

// Comments of a deleted task, or of one that is no longer ours, are not requested again: an idle pass still needs one
// request.
func TestUnreadTaskThatIsGone(t *testing.T) {
	t.Parallel()
	w, task := answeredInChat(t)
	w.closedChat("ERROR_CORE", 400)
	w.clock.Advance(time.Minute)
	w.notify()
	w.portal.DeleteTask(task)
	w.clock.Advance(time.Hour)
	w.notify()
	_, s := w.open(store.Options{})
	read, err := s.Tickets.Reading()
	w.check(err)
	w.check(s.Close())
	if len(read.Unread) != 0 {
		t.Errorf("%+v", read.Unread)
	}
	w.clock.Advance(time.Hour)
	w.portal.ResetCounts()
	if w.notify(); w.portal.Hits() != 1 {
		t.Errorf("%d requests", w.portal.Hits())
	}
}

// A task without a ticket, for example after an older state was restored, is not read.
func TestUnreadTaskWithoutATicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.opened()
	made := w.client().Make(t.Context(), []desk.Effect{{
		Kind: desk.OpenTask,
		Key:  "k",
		Post: &desk.Post{Title: "x", Fields: &desk.Fields{Responsible: specialist}},
	}})
	w.check(made[0].Err)
	w.clock.Advance(time.Hour)
	_, s := w.open(store.Options{})
	w.check(s.Tickets.RecordChanges(w.clock.Now(), nil, &desk.Reading{
		Activity: w.clock.Now(),
		Unread:   map[int64]desk.Unread{made[0].Task: {Tries: 1}},
	}, nil))
	w.check(s.Close())
	w.clock.Advance(time.Hour)
	w.notify()
	w.clock.Advance(time.Hour)
	w.portal.ResetCounts()
	if w.notify(); w.portal.Hits() != 1 {
		t.Errorf("%d requests", w.portal.Hits())
	}
}

// watching records the requested watches.
type watching struct {
	pass.Feed
	asked *[]desk.Watch
}

func (f watching) Talks(ctx context.Context, ws []desk.Watch) ([]desk.Talk, error) {
	*f.asked = append(*f.asked, ws...)
	return f.Feed.Talks(ctx, ws)
}

// When a task's comments move from the forum to a chat, the chat is read from its beginning, because it has its own
// numbers.
func TestChatInTheForumsPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	task := w.opened()
	w.portal.Say(task, specialist, "in the forum")
	w.quiet()
	w.portal.Upgrade()
	w.check(w.client().CallV3(t.Context(), "tasks.task.get", bitrix.With("id", task), nil)) // a person opens it
	w.portal.Say(task, specialist, "in the chat")
	w.clock.Advance(time.Minute)
	p, s := w.open(store.Options{})
	var asked []desk.Watch
	p.Feed = watching{p.Feed, &asked}
	_, err := p.Announce(t.Context())
	w.check(err)
	w.check(s.Close())
	if len(asked) != 1 || asked[0].Chat == 0 || asked[0].Last != 0 {
		t.Errorf("%+v", asked)
	}
}

// A closing is reported to the customer even if the talk could not be read when the closing was seen.
func TestClosingSeenWhileTheTalkCanNotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.policy.Closed = true
	w.arrive(letter("1@a.example", "a@a.example", "First", "please"))
	w.arrive(letter("2@b.example", "b@b.example", "Second", "please"))
	w.quiet()
	w.clock.Advance(time.Hour)
	tasks := w.portal.Tasks()
	before := w.lettersTo("a@a.example")
	w.portal.CloseTask(tasks[0].ID, specialist)
	w.closedChat("INTERNAL_SERVER_ERROR", 500)
	for range 4 { // the reading position advances
		w.clock.Advance(time.Minute)
		w.portal.CloseTask(tasks[1].ID, specialist)
		w.portal.RenewTask(tasks[1].ID, specialist)
		w.notify()
	}
	w.portal.Inject(nil)
	w.minutes(12, w.notify)
	if n := w.lettersTo("a@a.example") - before; n != 1 {
		t.Errorf("%d letters about the closing", n)
	}
}

// The task that replaces a deleted one has a chat of its own, which is read from its beginning.
func TestChatOfTheTaskInTheDeletedOnesPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true, ChatOnlyInGet: true})
	w.arrive(letter("1@a.example", "a@a.example", "First", "please"))
	w.quiet()
	task := w.portal.Tasks()[0].ID
	w.portal.Say(task, specialist, "hello")
	w.quiet()
	before, gone := w.lettersTo("a@a.example"), false
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault { // between decision and comment
		if (c.Method == "task.commentitem.add" || c.Method == "im.disk.file.commit") && !gone {
			gone = true
			w.portal.DeleteTask(task)
		}
		return sandbox.Fault{}
	})
	w.arrive(withFile("2@a.example", "a@a.example", "Re: First", "more", "x.txt", "x"))
	w.poll()
	w.portal.Inject(nil)
	for range 5 {
		w.clock.Advance(5 * time.Minute)
		w.poll()
		w.notify()
	}
	tasks := w.portal.Tasks()
	w.portal.Say(tasks[len(tasks)-1].ID, specialist, "an answer")
	for range 5 {
		w.clock.Advance(5 * time.Minute)
		w.notify()
	}
	if n := w.lettersTo("a@a.example") - before; n != 1 {
		t.Errorf("%d letters of the answer", n)
	}
}

// An attempt is recorded with our clock, but a task has the portal's time. If the portal's clock is behind, the search
// goes further back.
func TestPortalsClockIsBehind(t *testing.T) {
	t.Parallel()
	var w *world
	w = newWorld(t, sandbox.PortalOptions{Now: func() time.Time { return w.clock.Now().Add(-10 * time.Minute) }})
	lost := true
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if lost && c.Method == "tasks.task.add" && !c.V3 {
			lost = false
			return sandbox.Fault{Kind: sandbox.Drop, After: true}
		}
		return sandbox.Fault{}
	})
	w.arrive(letter("1@a.example", "a@a.example", "Once", "please"))
	w.quiet()
	if n := len(w.portal.Tasks()); n != 1 || lost {
		t.Errorf("%d tasks", n)
	}
}

// Changes from the time when the portal's clock was an hour fast do not hide later changes after the clock was
// corrected.
func TestPortalsClockIsSetBack(t *testing.T) {
	t.Parallel()
	var w *world
	fast := time.Duration(0)
	w = newWorld(t, sandbox.PortalOptions{NewCard: true, Now: func() time.Time { return w.clock.Now().Add(fast) }})
	w.arrive(letter("1@a.example", "a@a.example", "First", "please"))
	w.arrive(letter("2@b.example", "b@b.example", "Second", "please"))
	w.quiet()
	w.clock.Advance(time.Hour)
	tasks := w.portal.Tasks()
	fast = time.Hour
	w.portal.Say(tasks[0].ID, specialist, "one")
	w.minutes(3, w.notify)
	fast = 0
	w.clock.Advance(time.Minute)
	w.notify()
	w.clock.Advance(10 * time.Minute)
	before := len(w.smtp.Letters())
	for _, task := range tasks {
		w.portal.Say(task.ID, specialist, "two")
	}
	w.minutes(10, w.notify)
	if n := len(w.smtp.Letters()) - before; n != 2 {
		t.Errorf("%d letters", n)
	}
}

// A permanent error is reported once, even after a temporary one.
func TestFinalErrorBehindAnother(t *testing.T) {
	t.Parallel()
	w, _ := answeredInChat(t)
	w.closedChat("INTERNAL_SERVER_ERROR", 500)
	w.clock.Advance(time.Minute)
	w.notify()
	w.closedChat("CHAT_ID_EMPTY", 400)
	if told := w.minutes(60, w.notify); told != 1 {
		t.Errorf("told %d times in an hour", told)
	}
}

// A talk that cannot be read is requested less and less often, even if nothing else happens and its task stays listed.
func TestUnreadTaskOfAQuietPortal(t *testing.T) {
	t.Parallel()
	w, task := answeredInChat(t)
	w.closedChat("INTERNAL_SERVER_ERROR", 500)
	w.portal.ResetCounts()
	w.minutes(60, w.notify)
	if n := w.count("im.dialog.messages.search"); n > 15 {
		t.Errorf("asked %d times in an hour", n)
	}
	w.portal.Inject(nil)
	before := w.lettersTo("a@a.example")
	w.portal.Say(task, specialist, "and another") // a change is read at once
	w.clock.Advance(time.Minute)
	if w.notify(); w.lettersTo("a@a.example") != before+1 {
		t.Error("the change is not read")
	}
}

// Our user is not added as an observer again and again if that does not help.
func TestRejoinThatDoesNotHelp(t *testing.T) {
	t.Parallel()
	w, _ := answeredInChat(t)
	w.closedChat("ACCESS_ERROR", 403)
	w.portal.ResetCounts()
	w.minutes(60, w.notify)
	if n := w.count("tasks.task.update"); n > 1 {
		t.Errorf("%d updates in an hour", n)
	}
}

// A date in the future causes no extra requests in an idle portal.
func TestQuietPortalWhoseClockWasSetBack(t *testing.T) {
	t.Parallel()
	var w *world
	fast := time.Duration(0)
	w = newWorld(t, sandbox.PortalOptions{NewCard: true, Now: func() time.Time { return w.clock.Now().Add(fast) }})
	w.arrive(letter("1@a.example", "a@a.example", "First", "please"))
	w.quiet()
	w.clock.Advance(time.Hour)
	fast = 24 * time.Hour
	w.portal.Say(w.portal.Tasks()[0].ID, specialist, "one")
	w.minutes(3, w.notify)
	fast = 0
	w.minutes(5, w.notify)
	w.portal.ResetCounts()
	writes := 0
	w.steps = func(name string) {
		if name == "record changes, before" {
			writes++
		}
	}
	w.minutes(30, w.notify)
	if w.portal.Hits() != 30 || writes != 0 {
		t.Errorf("%d requests and %d transactions in 30 passes", w.portal.Hits(), writes)
	}
}
