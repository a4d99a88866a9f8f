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
		"template":   {"[{{.Mailbox}}] {{.Subject}}", "Printer", "It does not print.", "[support] Printer", "It does not print."},
		"no subject": {"{{.Mailbox}}: {{.Subject}}", "", "It does not print.", "support: It does not print.", "It does not print."},
		"empty":      {"{{.Mailbox}}: {{.Subject}}", "", "", "Письмо без темы", ""},
		"long":       {"{{.Mailbox}}: {{.Subject}}", strings.Repeat("y", 240) + " THE END", "x", "support: " + strings.Repeat("y", 240) + "…", "THE END"},
		"escaped":    {"", brackets, "x", "", "THE END"},
		"left out":   {"{{.Address}}", "Printer", "x", "ivan@a.example", "Printer"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.policy.Fields = map[string]desk.Fields{"support": {Responsible: 7, Title: c.template}}
			w.arrive(letter("1@a.example", "ivan@a.example", c.subject, c.body))
			w.quiet()
			tasks := w.portal.Tasks()
			if len(tasks) != 1 {
				t.Fatalf("%d tasks", len(tasks))
			}
			got := strings.ReplaceAll(tasks[0].Title, "\u200b", "")
			if c.title != "" && got != c.title {
				t.Errorf("title %q", got)
			}
			if !strings.Contains(tasks[0].Description, c.described) {
				t.Errorf("description %q", tasks[0].Description)
			}
		})
	}
}
