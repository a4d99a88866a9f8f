package pass_test

import (
	"strings"
	"testing"

	"helpdesk/pkg/desk"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// Whatever a title has no room for stands in the description.
func TestTitlesOfTasks(t *testing.T) {
	brackets := strings.TrimSpace(strings.Repeat("[a] #b ", 33)) + " THE END" // escaped it is longer than a title
	for name, c := range map[string]struct{ template, subject, body, title, described string }{
		"template": {
			"[{{.Mailbox}}] {{.Subject}}",
			"Printer",
			"It does not print.",
			"[support] Printer",
			"It does not print.",
		},
		"no subject": {
			"{{.Mailbox}}: {{.Subject}}",
			"",
			"It does not print.",
			"support: It does not print.",
			"It does not print.",
		},
		"empty": {"{{.Mailbox}}: {{.Subject}}", "", "", "Письмо без темы", ""},
		"long": {
			"{{.Mailbox}}: {{.Subject}}",
			strings.Repeat("y", 240) + " THE END",
			"x",
			"support: " + strings.Repeat("y", 240) + "…",
			"THE END",
		},
		"escaped":  {"", brackets, "x", "", "THE END"},
		"left out": {"{{.Address}}", "Printer", "x", "ivan@a.example", "Printer"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.policy.Fields = map[string]desk.Fields{"support": {Responsible: 7, Title: c.template}}
			w.arrive(letter("1@a.example", "ivan@a.example", c.subject, c.body))
			w.quiet()
			w.titled(c.title, c.described)
		})
	}
}

// titled holds that there is one task, what it is called ("" = it does not matter), and what its description shows.
func (w *world) titled(title string, described ...string) {
	w.t.Helper()
	tasks := w.portal.Tasks()
	if len(tasks) != 1 {
		w.t.Fatalf("%d tasks", len(tasks))
	}
	if got := strings.ReplaceAll(tasks[0].Title, "\u200b", ""); title != "" && got != title {
		w.t.Errorf("title %q", got)
	}
	for _, text := range described {
		if d := tasks[0].Description; !strings.Contains(d, text) {
			w.t.Errorf("description %q", d)
		}
	}
}

// So it does on the task that is made in the place of one that was deleted.
func TestTitlesOfTasksMadeAgain(t *testing.T) {
	brackets := strings.TrimSpace(strings.Repeat("[a] #b ", 33)) + " THE END"
	for name, c := range map[string]struct{ template, subject, title, described string }{
		"template":   {"[{{.Mailbox}}] {{.Subject}}", "Printer", "[support] Printer", ""},
		"no subject": {"{{.Mailbox}}: {{.Subject}}", "", "support: It blinks.", ""},
		"long": {
			"{{.Mailbox}}: {{.Subject}}",
			strings.Repeat("y", 240) + " THE END",
			"support: " + strings.Repeat("y", 240) + "…",
			"THE END",
		},
		"escaped":  {"", brackets, "", "THE END"},
		"left out": {"{{.Address}}", "Printer", "ivan@a.example", "Printer"},
	} {
		for kind, o := range cards {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, o)
				w.policy.Fields = map[string]desk.Fields{"support": {Responsible: 7, Title: c.template}}
				w.arrive(letter("1@a.example", "ivan@a.example", c.subject, "It does not print."))
				w.quiet()
				task := w.portal.Tasks()[0].ID
				w.portal.Inject(func(c *sandbox.Call) sandbox.Fault { // when the comment is decided and on its way
					if c.Method == "im.message.add" || c.Method == "task.commentitem.add" {
						w.portal.DeleteTask(task)
					}
					return sandbox.Fault{}
				})
				w.arrive(letter("2@a.example", "ivan@a.example", "Re: "+c.subject, "It blinks.",
					"In-Reply-To: <1@a.example>"))
				w.quiet()
				w.titled(c.title, c.described, "It blinks.")
			})
		}
	}
}
