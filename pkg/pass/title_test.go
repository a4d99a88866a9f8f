package pass_test

import (
	"strings"
	"testing"

	"helpdesk/pkg/desk"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// Words that do not fit into a title are in the description.
func TestTitlesOfTasks(t *testing.T) {
	t.Parallel()
	brackets := strings.TrimSpace(strings.Repeat("[a] #b ", 33)) + " THE END" // too long for a title when escaped
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

// titled checks that there is one task, and checks its title ("" = any) and what its description contains.
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

// The same holds for a task that replaces a deleted one.
func TestTitlesOfTasksMadeAgain(t *testing.T) {
	t.Parallel()
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
				w.portal.Inject(func(c *sandbox.Call) sandbox.Fault { // the comment is decided and about to be made
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
