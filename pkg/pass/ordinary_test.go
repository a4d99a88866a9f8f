package pass_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
)

// An ordinary reply adds neither a note nor a file. A reply with the customer's words inside our letter adds both.
func TestOrdinaryAnswer(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, o)
			task := w.opened()
			w.portal.Say(task, specialist, "Please restart it and tell us the code.")
			w.minutes(3, w.notify)
			all := w.smtp.Letters()
			ours, err := eml.Parse(bytes.NewReader(all[len(all)-1].Raw), desk.Listing{})
			w.check(err)
			quote := "\n\n12.03.2026, 12:00, Support <support@helpdesk.example>:\n"
			for line := range strings.Lines(strings.TrimSpace(ours.Plain)) {
				quote += "> " + line
			}
			for i, inside := range []string{"", " 7731"} {
				text := "It works now." + strings.Replace(quote, "code.", "code."+inside, 1)
				w.arrive(letter(fmt.Sprintf("reply%d@romashka.example", i), "Ivan <ivan@romashka.example>",
					"Re: Printer", text, "In-Reply-To: <"+ours.ID+">"))
				w.minutes(3, w.poll)
				comments := w.portal.Tasks()[0].Comments
				last := comments[len(comments)-1]
				if !strings.Contains(last.Text, "It works now.") || strings.Contains(last.Text, "restart") {
					t.Errorf("%q", last.Text)
				}
				if told := strings.Contains(last.Text, "[I]"); told != (inside != "") || len(last.Files) > 0 != told {
					t.Errorf("with %q inside: %q, files %v", inside, last.Text, last.Files)
				}
			}
		})
	}
}
