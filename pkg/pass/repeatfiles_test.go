package pass_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// portalKinds returns the kinds of portals that handle the files of a repeat letter differently.
func portalKinds() map[string]sandbox.PortalOptions {
	return map[string]sandbox.PortalOptions{
		"old card":              {},
		"old card, no REST v3":  {NoV3: true},
		"new card":              {NewCard: true},
		"new card, no REST v3":  {NewCard: true, NoV3: true},
		"new card, no keys":     {NewCard: true, NoIdempotency: true},
		"chats only by get":     {NewCard: true, ChatOnlyInGet: true},
		"silent system":         {NewCard: true, SilentSystem: true, ActivityAtOnce: true},
		"members of chats only": {NewCard: true, ChatForMembers: true},
		"small plan":            {NewCard: true, SmallPlan: true},
		"acts as another":       {NewCard: true, ActsAs: 44},
		"filter ignored":        {NewCard: true, ActivityFilterIgnored: true},
	}
}

// withTwoFiles is a letter with two attachments.
func withTwoFiles(id, from, subject, body string, header ...string) []byte {
	file := func(name, content string) string {
		return "\n--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"" + name +
			"\"\n\n" + content
	}
	return letter(id, from, subject, "--b\nContent-Type: text/plain; charset=utf-8\n\n"+body+
		file("one.log", "first bytes")+
		file("two.log", "second bytes")+"\n--b--\n", append(header, `Content-Type: multipart/mixed; boundary="b"`)...)
}

// repeats brings a first letter and then a repeat letter with two files.
func repeats(w *world, between func()) {
	w.arrive(letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print."))
	w.pass(w.poll)
	w.settle()
	if between != nil {
		between()
	}
	w.arrive(withTwoFiles("2@romashka.example", "ivan@romashka.example", "Re: Printer", "Two files are with this.",
		"In-Reply-To: <1@romashka.example>"))
	w.pass(w.poll)
	w.clock.Advance(time.Minute)
	w.settle()
}

// brought returns what is wrong with the effects of the repeat letter on the task, "" if nothing.
func (w *world) brought() string {
	tasks := w.portal.Tasks()
	if len(tasks) != 1 {
		return fmt.Sprintf("%d tasks", len(tasks))
	}
	texts, files := 0, map[string]int{}
	for _, c := range tasks[0].Comments {
		if strings.Contains(c.Text, "Two files are with this.") {
			texts++
		}
		for _, f := range c.Files {
			files[strings.TrimSpace(string(f.Content))]++
		}
	}
	for _, f := range tasks[0].Files {
		files[strings.TrimSpace(string(f.Content))]++
	}
	if texts != 1 || len(files) != 2 || files["first bytes"] != 1 || files["second bytes"] != 1 {
		return fmt.Sprintf("%d comments, files %v:\n%+v", texts, files, tasks[0].Comments)
	}
	for _, m := range w.imap.Messages("INBOX") {
		if !m.Seen {
			return fmt.Sprintf("message %d is not marked", m.UID)
		}
	}
	return ""
}

func TestARepeatLetterBringsItsFiles(t *testing.T) {
	t.Parallel()
	for name, o := range portalKinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			repeats(w, nil)
			if wrong := w.brought(); wrong != "" {
				t.Error(wrong)
			}
		})
	}
	t.Run("between the cards", func(t *testing.T) {
		w := newWorld(t, sandbox.PortalOptions{})
		repeats(w, w.portal.Upgrade)
		if wrong := w.brought(); wrong != "" {
			t.Error(wrong)
		}
	})
}

var everyKind = flag.Bool("dying.kinds", false,
	"TestARepeatLetterBringsItsFilesWhereverItDies dies on every kind of portal")

// TestARepeatLetterBringsItsFilesWhereverItDies dies at each step of it, on both cards, or with -dying.kinds on every
// kind of portal.
func TestARepeatLetterBringsItsFilesWhereverItDies(t *testing.T) {
	t.Parallel()
	kinds := portalKinds()
	names := []string{"old card", "new card", "new card, no keys"}
	if *everyKind {
		names = slices.Sorted(maps.Keys(kinds))
	}
	for _, kind := range names {
		d := undisturbed(newWorld(t, kinds[kind]), func(w *world) { repeats(w, nil) })
		t.Run(kind, func(t *testing.T) {
			d.run(t, 1, func(t *testing.T) *world {
				return newWorld(t, kinds[kind])
			}, func(t *testing.T, w *world, _ bool) {
				if wrong := w.brought(); wrong != "" {
					t.Error(wrong)
				}
			})
		})
	}
}

// A file that the portal did not copy is added by a later attempt, or named in the task.
func TestAFileThatIsPassedOver(t *testing.T) {
	t.Parallel()
	for name, times := range map[string]int{"once": 1, "always": 1000} {
		t.Run(name, func(t *testing.T) {
			left := times
			w := newWorld(t, sandbox.PortalOptions{NewCard: true, Copies: func(name string) bool {
				if left--; strings.HasPrefix(name, "two") && left >= 0 {
					return false
				}
				return true
			}})
			repeats(w, nil)
			task := w.portal.Tasks()[0]
			var text strings.Builder
			files := 0
			for _, c := range task.Comments {
				text.WriteString(c.Text + "\n")
				files += len(c.Files)
			}
			files += len(task.Files)
			if named := strings.Contains(text.String(), "two.log"); files < 1 || files < 2 && !named ||
				strings.Count(text.String(), "Two files are with this.") != 1 {
				t.Errorf("%d files, named %v:\n%s", files, named, &text)
			}
		})
	}
}

// A message that the chat refused is made again, once.
func TestAChatThatRefusesOnce(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]func() []byte{
		"text": func() []byte {
			return letter("2@romashka.example", "ivan@romashka.example", "Re: Printer", "Two files are with this.",
				"In-Reply-To: <1@romashka.example>")
		},
		"files": func() []byte {
			return withTwoFiles("2@romashka.example", "ivan@romashka.example", "Re: Printer",
				"Two files are with this.", "In-Reply-To: <1@romashka.example>")
		},
	} {
		t.Run(name, func(t *testing.T) {
			refusals := 1
			w := newWorld(t, sandbox.PortalOptions{NewCard: true, Talks: func(text string) bool {
				if strings.Contains(text, "Two files") && refusals > 0 {
					refusals--
					return false
				}
				return true
			}})
			w.arrive(letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print."))
			w.quiet()
			w.arrive(body())
			w.minutes(30, w.poll)
			w.minutes(5, w.notify)
			w.quiet()
			n := 0
			for _, c := range w.portal.Tasks()[0].Comments {
				n += strings.Count(c.Text, "Two files are with this.")
			}
			if n != 1 || refusals != 0 {
				t.Errorf("%d comments, %d refusals left", n, refusals)
			}
		})
	}
}
