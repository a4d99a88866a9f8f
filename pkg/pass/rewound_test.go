package pass_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// talk is a task in which a specialist and a customer are talking.
type talk struct {
	*world
	task int64
	said map[string]int64 // the specialist's comments, with their numbers
	held int              // number of problems held for a person
}

// talking returns a portal of the given kind with a task in which one answer was sent.
func talking(t *testing.T, o sandbox.PortalOptions) *talk {
	w := newWorld(t, o)
	c := &talk{world: w, task: w.opened(), said: map[string]int64{}}
	c.minute()
	c.say("Answer one.")
	return c
}

// told checks how often passes have informed a person.
func (c *talk) told(times int) {
	c.t.Helper()
	if c.held != times {
		c.t.Errorf("told %d times, want %d", c.held, times)
	}
}

// say makes the specialist write, and runs a pass a while later.
func (c *talk) say(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		c.said[text] = c.portal.Say(c.task, specialist, text)
		c.clock.Advance(3 * time.Second)
	}
	c.minute()
}

// minute runs passes for three minutes.
func (c *talk) minute() {
	c.t.Helper()
	for range 3 {
		c.clock.Advance(time.Minute)
		for _, run := range []func() (*pass.Report, string){c.notify, c.poll} {
			r, _ := run()
			c.held += r.Held
		}
	}
}

// went checks that each text was sent in exactly one letter under one Message-ID, and nothing else was sent.
func (c *talk) went(texts ...string) {
	c.t.Helper()
	answers := strings.Join(c.answers(), "\n")
	all := 0
	for _, l := range c.smtp.Letters() {
		if strings.Contains(string(l.Raw), "Auto-Submitted") {
			continue
		}
		all++
	}
	if n := len(c.answers()); n != all {
		c.t.Errorf("%d letters under %d Message-IDs", all, n)
	}
	for _, text := range texts {
		if n := strings.Count(answers, text); n != 1 {
			c.t.Errorf("%q went out %d times:\n%s", text, n, answers)
		}
	}
	if n := strings.Count(answers, "Answer "); n != len(texts) {
		c.t.Errorf("%d answers, want %d:\n%s", n, len(texts), answers)
	}
}

// In a portal restored from a backup that contains our task, later comments of specialists are sent, whatever their
// numbers. Nothing is sent twice, and a person is informed once.
func TestPortalRestoredFromABackup(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name+", one answer", func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			backup := c.portal.Back()
			c.say("Answer two.", "Answer three.")
			c.say("Answer four.")
			c.went("Answer one.", "Answer two.", "Answer three.", "Answer four.")
			c.portal.Restore(backup)
			c.minute()
			c.say("Answer five.")
			if c.said["Answer five."] != c.said["Answer two."] {
				t.Errorf("the numbers do not collide: %v", c.said)
			}
			c.say("Answer six.")
			c.say("Answer seven.")
			c.say("Answer eight.")
			c.went("Answer one.", "Answer two.", "Answer three.", "Answer four.", "Answer five.", "Answer six.",
				"Answer seven.", "Answer eight.")
			c.told(1)
		})
		t.Run(name+", several answers at once", func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			backup := c.portal.Back()
			c.say("Answer two.")
			c.say("Answer three.")
			c.portal.Restore(backup)
			c.say("Answer four.", "Answer five.", "Answer six.", "Answer seven.")
			if c.said["Answer seven."] <= c.said["Answer three."] {
				t.Errorf("the numbers do not pass: %v", c.said)
			}
			c.say("Answer eight.")
			c.went("Answer one.", "Answer two.", "Answer three.", "Answer four.", "Answer five.", "Answer six.",
				"Answer seven.", "Answer eight.")
			c.told(1)
		})
		t.Run(name+", the last number again", func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			backup := c.portal.Back()
			c.say("Answer two.")
			c.portal.Restore(backup)
			c.say("Answer three.")
			if c.said["Answer two."] != c.said["Answer three."] {
				t.Errorf("%v", c.said)
			}
			c.went("Answer one.", "Answer two.", "Answer three.")
			c.told(1)
		})
		t.Run(name+", twice", func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			backup := c.portal.Back()
			for n, text := range []string{"Answer two.", "Answer three.", "Answer four."} {
				c.say(text)
				c.portal.Restore(backup)
				c.minute()
				if c.held > n {
					t.Errorf("told %d times", c.held)
				}
			}
			c.say("Answer five.")
			c.went("Answer one.", "Answer two.", "Answer three.", "Answer four.", "Answer five.")
			c.told(3)
		})
		t.Run(name+", letters lost", func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			backup := c.portal.Back()
			c.again(1, "And it blinks, red and green and blue.")
			c.minute()
			c.portal.Restore(backup)
			c.say("Answer two.")
			c.went("Answer one.", "Answer two.")
			if found := c.verified(); len(found) != 1 || !strings.HasPrefix(found[0], pass.CommentNotOnTask+": ivan@") {
				t.Errorf("%q", found)
			}
			c.again(2, "It is on fire.")
			c.minute()
			if ids, _ := c.ours(c.task, "It is on fire."); len(ids) != 1 {
				t.Errorf("%d comments", len(ids))
			}
		})
	}
}

// The same with comments that are sent some time after they were written.
func TestPortalRestoredBeforeAnswersAreDue(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			c.policy.Delay = 90 * time.Second
			backup := c.portal.Back()
			c.say("Answer two.", "Answer three.")
			c.minute()
			c.portal.Say(c.task, specialist, "Answer that is lost.")
			c.clock.Advance(10 * time.Second)
			c.notify()
			c.portal.Restore(backup)
			c.minute()
			c.said["Answer four."] = c.portal.Say(c.task, specialist, "Answer four.")
			c.clock.Advance(40 * time.Second)
			c.said["Answer five."] = c.portal.Say(c.task, specialist, "Answer five.")
			for range 15 {
				c.clock.Advance(15 * time.Second)
				r, _ := c.notify()
				c.held += r.Held
			}
			c.say("Answer six.")
			c.minute()
			c.went("Answer one.", "Answer two.", "Answer three.", "Answer four.", "Answer five.", "Answer six.")
			if c.held != 1 || c.said["Answer four."] != c.said["Answer two."] {
				t.Errorf("told %d times, %v", c.held, c.said)
			}
		})
	}
}

// An effect that is pending while the portal is restored is made once, and does not block others.
func TestPortalRestoredWhileSomethingWaits(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name+", an answer", func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			backup := c.portal.Back()
			c.unwelcome("@", &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"})
			c.say("Answer two.")
			c.portal.Restore(backup)
			c.say("Answer three.")
			c.smtp.Inject(nil)
			for range 10 {
				c.minute()
			}
			c.say("Answer four.")
			c.went("Answer one.", "Answer two.", "Answer three.", "Answer four.")
		})
		t.Run(name+", a letter", func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			backup := c.portal.Back()
			c.portal.Inject(func(call *sandbox.Call) sandbox.Fault {
				if strings.Contains(fmt.Sprint(call.Params), "And it blinks.") && call.Method != "batch" {
					return sandbox.Fault{Kind: sandbox.ServerError, After: true}
				}
				return sandbox.Fault{}
			})
			c.again(1, "And it blinks.")
			c.poll()
			c.portal.Restore(backup)
			c.say("Answer two.")
			c.portal.Inject(nil)
			for range 10 {
				c.minute()
			}
			if ids, _ := c.ours(c.task, "And it blinks."); len(ids) != 1 {
				t.Errorf("%d comments", len(ids))
			}
			c.went("Answer one.", "Answer two.")
		})
	}
}

// With the setting results, marks have numbers as well.
func TestResultsOfAPortalRestored(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			c.policy.Send = "results"
			result := func(text string) {
				c.said[text] = c.portal.Say(c.task, specialist, text)
				c.portal.MarkResult(c.task, c.said[text])
				for range 5 {
					c.minute()
				}
			}
			result("Answer two.")
			backup := c.portal.Back()
			result("Answer three.")
			c.portal.Restore(backup)
			result("Answer four.")
			result("Answer five.")
			c.portal.MarkResult(c.task, c.said["Answer one."])
			for range 10 {
				c.minute()
			}
			answers := strings.Join(c.answers(), "\n")
			for text, n := range map[string]int{
				"Answer one.":   2,
				"Answer two.":   1,
				"Answer three.": 1,
				"Answer four.":  1,
				"Answer five.":  1,
			} {
				if got := strings.Count(answers, text); got != n {
					t.Errorf("%q went out %d times", text, got)
				}
			}
			c.told(1)
		})
	}
}

// A comment deleted by somebody leaves no gap: later comments are sent, nobody is informed, and a pass needs one
// request more.
func TestLastCommentDeleted(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			c.say("Answer two.", "Answer three.")
			c.portal.LoseComment(c.task, c.said["Answer three."])
			c.minute()
			c.portal.Say(c.task, specialist, "Answer four.")
			c.clock.Advance(time.Minute)
			c.portal.ResetCounts()
			if c.notify(); c.portal.Hits() > 3 {
				t.Error(c.portal.Hits(), "requests")
			}
			c.minute()
			c.say("Answer five.")
			c.went("Answer one.", "Answer two.", "Answer three.", "Answer four.", "Answer five.")
			c.told(0)
		})
	}
}

// In a restored portal, the id of an uploaded file, or of a file for a pending answer, may belong to another customer's
// file.
func TestFilesOfAPortalRestored(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		for _, kind := range []string{"task", "comment"} {
			t.Run(name+", a "+kind+" waits", func(t *testing.T) {
				t.Parallel()
				c := talking(t, o)
				backup := c.portal.Back()
				c.portal.Inject(func(call *sandbox.Call) sandbox.Fault {
					if strings.Contains(fmt.Sprint(call.Params), "Two files are with this.") && call.Method != "batch" {
						return sandbox.Fault{Kind: sandbox.ServerError}
					}
					return sandbox.Fault{}
				})
				header := "X-Mailer: test"
				if kind == "comment" {
					header = "In-Reply-To: <1@romashka.example>"
				}
				c.arrive(withTwoFiles("2@romashka.example", "Ivan <ivan@romashka.example>", "Re: Printer",
					"Two files are with this.", header))
				c.poll()
				uploaded := len(c.portal.Files())
				c.portal.Restore(backup)
				for i := range uploaded {
					c.arrive(withFile(fmt.Sprint("olga", i, "@a.example"), fmt.Sprintf("olga%d@a.example", i),
						"Salaries", "Nobody must read it.", "salaries.txt", "secret"))
				}
				c.minute()
				c.portal.Inject(nil)
				for range 10 {
					c.minute()
				}
				if uploaded != 2 {
					t.Errorf("%d files were uploaded", uploaded)
				}
				found := 0
				for _, task := range c.portal.Tasks() {
					files := task.Files
					for _, comment := range task.Comments {
						files = append(files, comment.Files...)
					}
					ivans := strings.Contains(fmt.Sprint(task.Description, task.Comments), "Two files are with this.")
					for _, f := range files {
						if ivans == strings.Contains(string(f.Content), "secret") {
							t.Errorf("task %d has the file %s: %s", task.ID, f.Name, f.Content)
						}
						if ivans {
							found++
						}
					}
				}
				if found != 2 {
					t.Errorf("%d of 2 files arrived", found)
				}
			})
		}
		t.Run(name+", an answer waits", func(t *testing.T) {
			t.Parallel()
			c := talking(t, o)
			c.arrive(letter("2@a.example", "olga@a.example", "Salaries", "Please."))
			c.minute()
			other := c.portal.Tasks()[1].ID
			backup := c.portal.Back()
			c.unwelcome("@", &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"})
			c.portal.Say(c.task, specialist, "Answer two.", sandbox.File{
				Name:    "manual.txt",
				Content: []byte("turn it off and on"),
			})
			c.minute()
			c.portal.Restore(backup)
			c.portal.Say(other, specialist, "// inside", sandbox.File{Name: "manual.txt", Content: []byte("secret")})
			c.minute()
			c.smtp.Inject(nil)
			for range 10 {
				c.minute()
			}
			c.went("Answer one.", "Answer two.")
			for _, l := range c.smtp.Letters() {
				m, err := eml.Parse(bytes.NewReader(l.Raw), desk.Listing{})
				c.check(err)
				if strings.Contains(m.Plain, "Answer two.") &&
					(len(m.Attachments) != 0 || !strings.Contains(m.Plain, "manual.txt")) {
					t.Errorf("%+v\n%s", m.Attachments, m.Plain)
				}
			}
		})
	}
}
