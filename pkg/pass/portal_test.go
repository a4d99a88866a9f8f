package pass_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/portal"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// cards are the two kinds of portals.
var cards = map[string]sandbox.PortalOptions{"old card": {}, "new card": {NewCard: true}}

// admin makes the webhook's user an administrator, who can see every task.
func admin(o sandbox.PortalOptions) sandbox.PortalOptions {
	o.Users = []sandbox.User{{
		ID:    1,
		Name:  "Vera",
		Admin: true,
	}, {ID: 7, Name: "Anna", LastName: "Kim"}, {ID: 17, Name: "Mail", Admin: true}}
	return o
}

// opened brings a letter from Ivan and returns its task.
func (w *world) opened() int64 {
	w.t.Helper()
	w.arrive(letter("1@romashka.example", "Ivan <ivan@romashka.example>", "Printer", "It does not print."))
	w.poll()
	all := w.portal.Tasks()
	if len(all) != 1 {
		w.t.Fatalf("%d tasks", len(all))
	}
	w.clock.Advance(time.Minute)
	return all[0].ID
}

// again brings another letter from Ivan.
func (w *world) again(n int, text string) {
	w.t.Helper()
	w.arrive(letter(fmt.Sprintf("again%d@romashka.example", n), "Ivan <ivan@romashka.example>", "Re: Printer", text,
		"In-Reply-To: <1@romashka.example>"))
}

// answers returns the letters made from specialists' comments.
func (w *world) answers() []string {
	human, _ := w.letters()
	return human
}

func (w *world) client() *portal.Client {
	w.t.Helper()
	c, err := portal.New(portal.Options{Options: bitrix.Options{Webhook: w.webhook}})
	w.check(err)
	return c
}

func TestResultMarkedAfterItsCommentWasRead(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, o)
			w.policy.Send = "results"
			task := w.opened()
			first := w.portal.Say(task, specialist, "Restart it.", sandbox.File{
				Name:    "how.txt",
				Content: []byte("off and on"),
			})
			w.portal.Say(task, specialist, "He should buy a new one.")
			w.minutes(3, w.notify)
			if got := w.answers(); len(got) != 0 {
				t.Fatal("a comment went out that is no result:", got)
			}
			w.portal.MarkResult(task, first)
			w.minutes(5, w.notify)
			got := w.answers()
			if len(got) != 1 || !strings.Contains(got[0], "Restart it.") || !strings.Contains(got[0], "how.txt") ||
				strings.Contains(got[0], "new one") {
				t.Fatal(got)
			}
			at := w.portal.Say(task, specialist, "Done at once.")
			w.portal.MarkResult(task, at)
			w.minutes(3, w.notify)
			if got := w.answers(); len(got) != 2 {
				t.Fatal(got)
			}
			w.portal.Say(task, specialist, "Done at once.") // the same words, but not a result
			w.minutes(60, w.notify)
			if got := w.answers(); len(got) != 2 {
				t.Fatal("sent twice:", got)
			}
		})
	}
}

// Results that were marked before the setting was changed to results are not sent.
func TestOldResultsAreNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.policy.Send = "marked"
	task := w.opened()
	w.portal.MarkResult(task, w.portal.Say(task, specialist, "Years ago."))
	w.minutes(10, w.notify)
	w.policy.Send = "results"
	w.portal.Say(task, specialist, "And now.")
	w.minutes(10, w.notify)
	if got := w.answers(); len(got) != 0 {
		t.Error(got)
	}
}

// Results are looked for less and less often: an idle day needs few requests beyond those of its passes.
func TestResultsAreAskedForLessAndLess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.policy.Send = "results"
	task := w.opened()
	w.portal.Say(task, specialist, "Restart it.")
	w.minutes(2, w.notify)
	w.portal.ResetCounts()
	w.minutes(600, w.notify)
	if more := w.portal.Hits() - 600; more < 3 || more > 30 {
		t.Errorf("%d requests more than one a pass", more)
	}
}

func TestMarkedComments(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, o)
			w.policy.Send = "marked"
			task := w.opened()
			w.portal.Say(task, specialist, "Inside.")
			w.portal.Say(task, specialist, "! Outside.")
			w.minutes(3, w.notify)
			if got := w.answers(); len(got) != 1 || strings.Contains(got[0], "Inside") ||
				!strings.Contains(got[0], "Outside.") {
				t.Error(got)
			}
		})
	}
}

func TestRepeatContactReopens(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		for _, control := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", control ", control), func(t *testing.T) {
				w := newWorld(t, o)
				task := w.opened()
				status := 5
				if control {
					status = 4
					w.check(w.client().Call(t.Context(), "tasks.task.update",
						bitrix.With("taskId", task).With("fields", bitrix.With("TASK_CONTROL", "Y")), nil))
				}
				w.portal.CloseTask(task, specialist)
				if got, _ := w.portal.Task(task); got.Status != status {
					t.Fatal(got.Status)
				}
				w.minutes(1, w.notify)
				w.again(1, "It broke again.")
				w.poll()
				got, _ := w.portal.Task(task)
				if got.Status != 2 || !strings.Contains(got.Comments[len(got.Comments)-1].Text, "It broke again.") {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}

// A task is deleted, either at once or when the comment is about to be made. In both cases the letter opens a new task
// that says so, and later letters belong to the new task.
func TestDeletedTask(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", late ", late), func(t *testing.T) {
				w := newWorld(t, o)
				task := w.opened()
				if !late {
					w.portal.DeleteTask(task)
				}
				w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
					if late && (c.Method == "task.commentitem.add" || c.Method == "im.message.add") {
						w.portal.DeleteTask(task)
					}
					return sandbox.Fault{}
				})
				w.again(1, "And it blinks.")
				w.quiet()
				all := w.portal.Tasks()
				if len(all) != 1 || all[0].ID == task || !strings.Contains(all[0].Description, fmt.Sprint(task)) {
					t.Fatalf("%+v", all)
				}
				w.again(2, "Are you there?")
				w.quiet()
				all = w.portal.Tasks()
				if last := all[0].Comments[len(all[0].Comments)-1]; len(all) != 1 ||
					!strings.Contains(last.Text, "Are you there?") {
					t.Errorf("%+v", all)
				}
			})
		}
	}
}

// Our user is removed from a task while its talk is read. They are added again, and no comment is missed.
func TestAccessIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, admin(sandbox.PortalOptions{NewCard: true, ChatForMembers: true}))
	task := w.opened()
	w.portal.Say(task, specialist, "Restart it.")
	once := true
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if once && c.Method == "im.dialog.messages.search" {
			once = false
			w.portal.RemoveUser(task)
		}
		return sandbox.Fault{}
	})
	w.minutes(1, w.notify)
	w.portal.Inject(nil)
	if got, _ := w.portal.Task(task); !slices.Contains(got.Auditors, 17) {
		t.Fatal("he takes no part:", got.Auditors)
	}
	w.portal.Say(task, specialist, "Does it work?")
	w.minutes(2, w.notify)
	if got := strings.Join(w.answers(), ""); !strings.Contains(got, "Restart it.") ||
		!strings.Contains(got, "Does it work?") {
		t.Error(got)
	}
}

// If adding the user again is not permitted, that is reported once, and the passes continue.
func TestAccessLostIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	task := w.opened()
	w.portal.Say(task, specialist, "Restart it.")
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "im.dialog.messages.search" {
			w.portal.RemoveUser(task)
		}
		return sandbox.Fault{}
	})
	if told := w.minutes(5, w.notify); told != 1 {
		t.Errorf("told %d times", told)
	}
}

// A rehearsal changes nothing, not even a lost access.
func TestRehearsalDoesNotRejoin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, admin(sandbox.PortalOptions{NewCard: true}))
	task := w.opened()
	w.portal.Say(task, specialist, "Restart it.")
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "im.dialog.messages.search" {
			w.portal.RemoveUser(task)
		}
		return sandbox.Fault{}
	})
	w.clock.Advance(time.Minute)
	w.run((*pass.Pass).Rehearse)
	if got, _ := w.portal.Task(task); slices.Contains(got.Auditors, 17) {
		t.Error("the rehearsal has changed the task")
	}
}

// A portal that refuses the webhook ends the pass with one clear line, without further requests.
func TestClosedPortalIsOneLine(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault sandbox.Fault
		hint  string
	}{
		"webhook":  {sandbox.Fault{Kind: sandbox.ErrorAnswer, Status: 401, Code: "NO_AUTH_FOUND"}, "webhook"},
		"overload": {sandbox.Fault{Kind: sandbox.Overload}, "support"},
		"plan": {
			sandbox.Fault{
				Kind:   sandbox.ErrorAnswer,
				Status: 403,
				Code:   "ACCESS_DENIED",
				Text:   "only on commercial plans",
			},
			"plan",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{NewCard: true})
			w.opened()
			w.again(1, "And it blinks.")
			for i := range 60 {
				w.arrive(letter(fmt.Sprintf("n%d@b.example", i), fmt.Sprintf("n%d@b.example", i),
					fmt.Sprint("Question ", i), "How?"))
			}
			w.portal.Inject(func(*sandbox.Call) sandbox.Fault { return tt.fault })
			for _, run := range []func() (*pass.Report, string){w.poll, w.notify} {
				w.portal.ResetCounts()
				w.clock.Advance(3 * time.Minute)
				r, _ := run()
				left, err := r.Left()
				if len(r.Problems) != 1 || left != pass.Setup || !strings.Contains(err.Error(), tt.hint) ||
					w.portal.Hits() != 1 {
					t.Errorf("%d requests, left %v: %v", w.portal.Hits(), left, err)
				}
			}
			w.portal.Inject(nil)
			w.quiet()
			if n := len(w.portal.Tasks()); n != 61 {
				t.Errorf("%d tasks", n)
			}
		})
	}
}

// A pass that is almost out of time begins nothing that it cannot finish. The next pass makes it, once.
func TestTimeOutLeavesNothingInDoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.portal.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.QueryLimit} })
	w.arrive(letter("1@b.example", "n1@b.example", "One", "How?"))
	w.arrive(letter("2@b.example", "n2@b.example", "Two", "How?"))
	w.poll()
	w.clock.Advance(time.Minute)
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "tasks.task.add" {
			w.clock.Advance(7 * time.Second)
		}
		return sandbox.Fault{}
	})
	p, s := w.open(store.Options{})
	w.check(s.Cache(w.clock.Now(), map[string][]byte{"portal.times": []byte(`{"tasks.task.add":7}`)}))
	p.Boxes = nil // their servers use a different clock
	_, err := poll(p, until{context.Background(), w.clock, w.clock.Now().Add(8 * time.Second)})
	w.check(err)
	all, err := s.Outbox.Pendings()
	w.check(err)
	w.check(s.Close())
	for _, e := range all {
		if e.Unsure {
			t.Errorf("in doubt: %+v", e)
		}
	}
	if n := len(w.portal.Tasks()); n != 1 {
		t.Errorf("%d tasks, and there was time for one", n)
	}
}

// until is a context that ends at a time of the world's clock.
type until struct {
	context.Context
	clock *sandbox.Clock
	at    time.Time
}

// Deadline converts that time to this machine's clock, as contexts require.
func (u until) Deadline() (time.Time, bool) { return time.Now().Add(u.at.Sub(u.clock.Now())), true }

// Unavailable files are left out with name and size, and the rest is made.
func TestFilesThatStayBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{Drive: func(name string, content []byte) error {
		if strings.HasPrefix(name, "huge") {
			return fmt.Errorf("no room")
		}
		return nil
	}})
	w.arrive(withFile("1@b.example", "n@b.example", "Empty", "See below.", "empty.txt", ""))
	w.arrive(withFile("2@b.example", "n@b.example", "Huge", "See below.", "huge.bin", strings.Repeat("x", 2500)))
	w.arrive(withFile("3@b.example", "n@b.example", "Fine", "See below.", "fine.txt", "fine"))
	r, _ := w.poll()
	if r.Opened != 3 || r.Waiting+r.Held != 0 {
		t.Errorf("%+v", r)
	}
	for _, task := range w.portal.Tasks() {
		switch task.Title {
		case "Empty":
			if !strings.Contains(task.Description, "empty.txt (0 B)") {
				t.Error(task.Description)
			}
		case "Huge":
			if !strings.Contains(task.Description, "huge.bin (2.5 kB)") {
				t.Error(task.Description)
			}
		default:
			if len(task.Files) != 1 || strings.Contains(task.Description, "fine.txt") {
				t.Error(task.Files, task.Description)
			}
		}
	}
}

// A customer's text is not interpreted as the portal's markup: it neither tags the task nor mentions anybody.
func TestLettersNeitherTagNorMention(t *testing.T) {
	t.Parallel()
	const subject = "#urgent: order #12 #3-b"
	text := "#first line of #12 and #later\n#3 [USER=7]Anna[/USER] is [B]late[/B], see https://b.example/#top\n\t#tab"
	kinds := map[string]func(id, re string, header ...string) []byte{
		"plain": func(id, re string, header ...string) []byte {
			return letter(id, "n@b.example", re+subject, text, header...)
		},
		"HTML": func(id, re string, header ...string) []byte {
			html := "<p>" + strings.ReplaceAll(text, "\n", "<br>") + "</p><ul><li>#item</li></ul>"
			return letter(id, "n@b.example", re+subject, html,
				append(header, "Content-Type: text/html; charset=utf-8")...)
		},
	}
	for name, o := range cards {
		for kind, write := range kinds {
			t.Run(name+", "+kind, func(t *testing.T) {
				w := newWorld(t, o)
				w.arrive(write("1@b.example", ""))
				w.quiet()
				w.arrive(write("2@b.example", "Re: ", "In-Reply-To: <1@b.example>"))
				w.quiet()
				all := w.portal.Tasks()
				if len(all) != 1 {
					t.Fatalf("%d tasks", len(all))
				}
				task := all[0]
				if !slices.Equal(task.Tags, []string{"helpdesk"}) {
					t.Errorf("tags %q", task.Tags)
				}
				if got := strings.ReplaceAll(task.Title, "\u200b", ""); got != subject {
					t.Errorf("title %q", task.Title)
				}
				comment := task.Comments[len(task.Comments)-1].Text
				for _, said := range []string{task.Description, comment} {
					if strings.Contains(said, "[USER=") || strings.Contains(said, "[B]late") ||
						!strings.Contains(said, "Anna") {
						t.Errorf("%q", said)
					}
				}
			})
		}
	}
}

// A chat truncates long messages, so we cut the text before and attach the whole message.
func TestLongCommentIsNotCutByThePortal(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, o)
			task := w.opened()
			w.again(1, strings.Repeat("Длинное предложение, чтобы не поместилось.\n", 700))
			w.quiet()
			got, _ := w.portal.Task(task)
			last := got.Comments[len(got.Comments)-1]
			if n := utf8.RuneCountInString(last.Text); n > 20_000 || n < 10_000 ||
				strings.HasSuffix(last.Text, " (...)") {
				t.Errorf("%d characters, the last are %q", n, last.Text[len(last.Text)-20:])
			}
			if len(last.Files) != 1 || last.Files[0].Name != "message.eml" {
				t.Errorf("files %+v", last.Files)
			}
		})
	}
}

// The portal's dates have whole seconds. Comments in the second of the last reading are not missed, and those already
// read are not sent twice.
func TestAnswersOfOneSecond(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, o)
			w.policy.Combine = false
			w.arrive(letter("1@b.example", "n1@b.example", "One", "How?"))
			w.arrive(letter("2@c.example", "n2@c.example", "Two", "How?"))
			w.poll()
			w.clock.Advance(time.Minute)
			all := w.portal.Tasks()
			if len(all) != 2 {
				t.Fatalf("%d tasks", len(all))
			}
			one, two := all[0].ID, all[1].ID
			w.portal.Say(one, specialist, "First.")
			w.notify()
			w.portal.Say(one, specialist, "Second.") // all in the same second
			w.portal.Say(two, specialist, "Third.")
			w.notify()
			w.portal.Say(two, specialist, "Fourth.")
			w.minutes(5, w.notify)
			got := strings.Join(w.answers(), "")
			for _, text := range []string{"First.", "Second.", "Third.", "Fourth."} {
				if n := strings.Count(got, text); n != 1 {
					t.Errorf("%s was sent %d times", text, n)
				}
			}
		})
	}
}
