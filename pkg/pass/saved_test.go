package pass_test

import (
	"strings"
	"testing"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// became returns what the letters of a day have become, with the number of each.
func (w *world) became(texts ...string) map[string]int {
	n := map[string]int{}
	for _, task := range w.portal.Tasks() {
		n["tasks"]++
		all, files := []string{task.Description}, task.Files
		for _, c := range task.Comments {
			all, files = append(all, c.Text), append(files, c.Files...)
		}
		for _, text := range texts {
			n[text] += strings.Count(strings.Join(all, "\n"), text)
		}
		for _, f := range files {
			n["file "+strings.TrimSpace(string(f.Content))]++
		}
	}
	_, auto := w.letters()
	n["auto-replies"] = len(auto)
	return n
}

// Each call that makes something answers with an error, before or after it has made it. In the end each letter and each
// file exists exactly once.
func TestSavedAndAnsweredWithAnError(t *testing.T) {
	t.Parallel()
	const noRight = "You have no rights for that<br>"
	answers := map[string]sandbox.Fault{
		"an error that names nothing": {
			Kind: sandbox.ErrorAnswer,
			Code: "ERROR_CORE",
			Text: "Something went wrong<br>",
		},
		"an error that names a right": {Kind: sandbox.ErrorAnswer, Code: "ERROR_CORE", Text: noRight},
		"an error with 200": {
			Kind:   sandbox.ErrorAnswer,
			Status: 200,
			Code:   "ERROR_CORE",
			Text:   "internal error",
		},
		"an error of the server": {Kind: sandbox.ServerError},
	}
	kinds := portalKinds()
	for kind, methods := range map[string][]string{
		"old card":             {"tasks.task.add", "task.commentitem.add", "disk.folder.uploadfile"},
		"old card, no REST v3": {"tasks.task.add"},
		"new card":             {"tasks.task.add", "im.message.add", "im.disk.file.commit", "disk.folder.uploadfile"},
		"new card, no REST v3": {"tasks.task.add"},
		"new card, no keys":    {"tasks.task.add"},
		"chats only by get":    {"tasks.task.add", "task.commentitem.add", "im.disk.file.commit"},
	} {
		for _, method := range methods {
			for name, fault := range answers {
				for _, saved := range []bool{true, false} {
					t.Run(kind+", "+method+", "+name+map[bool]string{
						true:  ", saved",
						false: ", not saved",
					}[saved], func(t *testing.T) {
						t.Parallel()
						w, hit := newWorld(t, kinds[kind]), false
						fault := fault
						fault.After = saved
						w.portal.Inject(once(func(c *sandbox.Call) sandbox.Fault {
							if c.Method != method {
								return sandbox.Fault{}
							}
							hit = true
							return fault
						}))
						w.arrive(letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print."))
						w.minutes(3, w.poll)
						w.arrive(letter("2@romashka.example", "ivan@romashka.example", "Re: Printer", "It blinks.",
							"In-Reply-To: <1@romashka.example>"))
						w.minutes(3, w.poll)
						w.arrive(withTwoFiles("3@romashka.example", "ivan@romashka.example", "Re: Printer",
							"See these.", "In-Reply-To: <1@romashka.example>"))
						w.quiet()
						got := w.became("It does not print.", "It blinks.", "See these.", "one.log")
						whole := []string{"tasks", "It does not print.", "It blinks.", "See these.",
							"file second bytes", "auto-replies"}
						// a refused file is left out
						if fault.Text == noRight && method == "disk.folder.uploadfile" {
							whole = append(whole, "one.log")
						} else {
							whole = append(whole, "file first bytes")
						}
						for _, what := range whole {
							if got[what] != 1 {
								t.Errorf("%s: %d times", what, got[what])
							}
						}
						if !hit {
							t.Errorf("%s is never called", method)
						}
					})
				}
			}
		}
	}
}

// The webhook starts to act as another user under the same address. A person is informed once, the former user's tasks
// are still read and remain ours, and words of either user are never sent to a customer.
func TestWebhookComesToActAsAnother(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Users = []sandbox.User{{
				ID:    1,
				Name:  "Vera",
				Admin: true,
			}, {ID: 7, Name: "Anna", LastName: "Kim"}, {ID: 17, Name: "Mail"},
				{ID: 44, Name: "REST", AuthID: "rest_system", Admin: true}}
			c := talking(t, o)
			c.again(1, "And it blinks.")
			c.minute()
			if c.held != 0 {
				t.Errorf("told %d times of nothing", c.held)
			}
			// Posts of the former user have an unknown outcome when the user changes.
			c.portal.Inject(once(func(call *sandbox.Call) sandbox.Fault {
				if call.Method == "im.message.add" || call.Method == "task.commentitem.add" {
					return sandbox.Fault{Kind: sandbox.Drop, After: true}
				}
				return sandbox.Fault{}
			}))
			c.again(2, "And it smokes.")
			c.poll()
			c.portal.ActAs(44)
			c.say("Answer two.")
			c.minute()
			c.again(3, "And it burns.")
			c.arrive(letter("new@a.example", "olga@a.example", "Scanner", "It does not scan."))
			c.minute()
			c.say("Answer three.")
			tasks := c.portal.Tasks()
			if len(tasks) != 2 || tasks[0].Creator != 17 || tasks[1].Creator != 44 {
				t.Fatalf("%+v", tasks)
			}
			c.portal.Say(tasks[1].ID, specialist, "Answer four.")
			c.minute()
			c.minute()
			c.went("Answer one.", "Answer two.", "Answer three.", "Answer four.")
			if c.held != 1 {
				t.Errorf("told %d times", c.held)
			}
			if n := len(c.answers()); n != 4 {
				t.Errorf("%d letters of 4 answers: posts of ours went out", n)
			}
			authors := map[int64]int{}
			for _, text := range []string{"And it blinks.", "And it smokes.", "And it burns."} {
				if ids, _ := c.ours(c.task, text); len(ids) != 1 {
					t.Errorf("%q: %d comments", text, len(ids))
				}
				for _, m := range tasks[0].Comments {
					if strings.Contains(m.Text, text) {
						authors[m.Author]++
					}
				}
			}
			if authors[17] != 2 || authors[44] != 1 {
				t.Errorf("authors %v", authors)
			}
			if found := c.verified(); len(found) != 0 {
				t.Errorf("%q", found)
			}
			c.portal.ActAs(17)
			c.say("Answer five.")
			if c.held != 2 {
				t.Errorf("told %d times", c.held)
			}
		})
	}
}
