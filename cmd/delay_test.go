package cmd

import (
	"strings"
	"testing"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// TestDelay: on both task cards a comment is sent when it is a minute old, in its wording at that time. A comment
// deleted before is never sent, and the dry run prints the time.
func TestDelay(t *testing.T) {
	t.Parallel()
	for name, newCard := range map[string]bool{"new card": true, "old card": false} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, sandbox.PortalOptions{NewCard: newCard}, "notify: {}\n")
			d.letter("1@romashka.example", "Ivan <ivan@romashka.example>", "Printer", "It does not print.")
			d.minute("poll")
			d.minute("notify")
			answers := func() (texts []string) {
				all, err := d.letters()
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range all {
					if !l.automatic() {
						texts = append(texts, l.Message.Plain)
					}
				}
				return texts
			}
			id := d.portal.Say(3701, 7, "Restrat it.")
			d.clock.Advance(20 * time.Second)
			if out := d.must(0, "notify", "-n"); !strings.Contains(out,
				`task 3701  letter in 40 s  to ivan@romashka.example  "Printer"  delay: comment`) {
				t.Errorf("the dry run says %q", out)
			}
			if out := d.must(0, "notify", "--json"); !strings.Contains(out, `"verdict": "later"`) ||
				!strings.Contains(out, `"waiting": 0`) {
				t.Errorf("the report says %s", out)
			}
			if got := answers(); len(got) != 0 {
				t.Fatalf("it went out at once: %q", got)
			}
			d.portal.EditComment(3701, id, "Restart it.")
			gone := d.portal.Say(3701, 7, "The customer is to blame.")
			d.clock.Advance(41 * time.Second)
			d.must(0, "notify")
			if got := answers(); len(got) != 1 || !strings.Contains(got[0], "Restart it.") ||
				strings.Contains(got[0], "blame") {
				t.Fatalf("not as it stands: %q", got)
			}
			d.portal.DeleteComment(3701, gone)
			d.clock.Advance(time.Minute)
			d.must(0, "notify")
			d.clock.Advance(time.Minute)
			d.must(0, "notify")
			if got := answers(); len(got) != 1 {
				t.Errorf("what was deleted went out: %q", got)
			}
			d.portal.Say(3701, 9, "And again.")
			d.clock.Advance(30 * time.Second)
			d.must(0, "notify")
			d.clock.Advance(time.Hour)
			d.must(0, "notify")
			if got := answers(); len(got) != 2 || !strings.Contains(got[1], "And again.") {
				t.Errorf("what waited is forgotten: %q", got)
			}
		})
	}
}
