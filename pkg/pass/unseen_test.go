package pass_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// ours returns the comments of a task that contain the text, and the number of their files.
func (w *world) ours(task int64, text string) (ids []int64, files int) {
	got, _ := w.portal.Task(task)
	for _, c := range got.Comments {
		if strings.Contains(c.Text, text) && !c.Deleted {
			ids, files = append(ids, c.ID), files+len(c.Files)
		}
	}
	return ids, files
}

// A comment that was confirmed but is missing at the second look is made once more by a different method. If that fails
// too, a person is asked.
func TestCommentThatIsNotThere(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			task := w.opened()
			w.minutes(3, w.poll)
			w.again(1, "And it blinks.")
			w.clock.Advance(time.Minute)
			w.poll()
			made, told := 0, 0
			for range 15 {
				ids, _ := w.ours(task, "And it blinks.")
				for _, id := range ids {
					made++
					w.portal.LoseComment(task, id)
				}
				w.clock.Advance(time.Minute)
				w.portal.ResetCounts()
				r, _ := w.poll()
				if told += r.Held; w.portal.Hits() > 4 {
					t.Error(w.portal.Hits(), "requests")
				}
			}
			if made != 2 || told != 1 {
				t.Errorf("made %d times, told %d times", made, told)
			}
		})
	}
}

// A task that is deleted immediately did exist: the answer to its creation showed it.
func TestTaskThatIsDeletedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.arrive(withFile("1@a.example", "a@a.example", "First", "please", "x.txt", "x"))
	w.poll()
	w.portal.DeleteTask(w.portal.Tasks()[0].ID)
	w.minutes(8, w.poll)
	if tasks := w.portal.Tasks(); len(tasks) != 0 {
		t.Fatalf("%+v", tasks)
	}
}

// What a pass sees anyway needs no extra request, and everything else needs one request.
func TestLooksCostLittle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.policy.AutoReply = false
	for i := range 20 {
		w.arrive(letter(fmt.Sprint(i, "@a.example"), fmt.Sprintf("a%d@a%d.example", i, i), fmt.Sprint("Question ", i),
			"please"))
	}
	w.poll()
	for _, want := range []int{0, 0} {
		w.clock.Advance(time.Minute)
		w.portal.ResetCounts()
		if w.poll(); w.portal.Hits() != want {
			t.Error(w.portal.Hits(), "requests of a poll, want", want)
		}
	}
	further := func(n int) {
		w.arrive(letter(fmt.Sprint("again", n, "@a.example"), "a0@a0.example", "Re: Question 0", "please",
			"In-Reply-To: <0@a.example>"))
		w.poll()
	}
	further(1)
	for _, want := range []int{1, 0} {
		w.clock.Advance(time.Minute)
		w.portal.ResetCounts()
		if w.poll(); w.portal.Hits() != want {
			t.Error(w.portal.Hits(), "requests of a poll, want", want)
		}
	}
	further(2)
	w.clock.Advance(time.Minute)
	w.notify()
	w.clock.Advance(time.Minute)
	w.portal.ResetCounts()
	if w.poll(); w.portal.Hits() != 0 {
		t.Error(w.portal.Hits(), "requests for what notify has seen")
	}
}

// A file that the portal ignores is named in the task.
func TestFileThatThePortalPassesOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true, Copies: func(name string) bool { return name != "bad.txt" }})
	task := w.opened()
	w.arrive(withFile("2@romashka.example", "ivan@romashka.example", "Re: Printer", "See it.", "bad.txt", "x"))
	w.quiet()
	w.minutes(5, w.poll)
	if ids, files := w.ours(task, "See it."); len(ids) != 1 || files != 0 {
		t.Error(ids, files)
	}
	if ids, _ := w.ours(task, "bad.txt (1 B)"); len(ids) != 1 {
		got, _ := w.portal.Task(task)
		t.Errorf("it is named %d times: %+v", len(ids), got.Comments)
	}
}

// A message that somebody deletes immediately did exist: it leaves a trace, and is not written again.
func TestMessageThatIsTakenBackAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cards["new card"])
	task := w.opened()
	w.minutes(3, w.poll)
	w.again(1, "And it blinks.")
	w.poll()
	ids, _ := w.ours(task, "And it blinks.")
	w.portal.DeleteComment(task, ids[0])
	w.minutes(10, w.poll)
	if ids, _ := w.ours(task, "And it blinks."); len(ids) != 0 {
		t.Error("it is written again:", ids)
	}
}
