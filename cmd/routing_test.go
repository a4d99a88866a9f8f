package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// A route decides who gets the task and its deadline; explain prints the route's name.
func TestRouting(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{NewCard: true}, `routing:
  - name: urgent
    mailbox: support
    to: outage@helpdesk.example
    subject: [outage, fire]
    set: {responsible: 9, priority: high, deadline: 10h, working: true}
calendar: {timezone: UTC}
`)
	raw := "From: Ivan <ivan@b.example>\r\nTo: outage@helpdesk.example, support@helpdesk.example\r\nSubject: Fires " +
		"everywhere\r\n" +
		"Message-ID: <1@b.example>\r\nDate: Thu, 12 Mar 2026 09:00:00 +0000\r\n\r\nHelp!\r\n"
	path := filepath.Join(t.TempDir(), "1.eml")
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	out := d.must(0, "explain", "--mailbox", "support", path)
	if !strings.Contains(out, `urgent: mailbox support, to outage@helpdesk.example, subject has "fire"`) {
		t.Error(out)
	}
	if _, err := d.arrive([]byte(raw), d.clock.Now()); err != nil {
		t.Fatal(err)
	}
	d.letter("2@b.example", "n@b.example", "Printer", "It does not print.")
	d.must(0, "poll")
	due := time.Date(2026, 3, 13, 10, 0, 0, 0, time.UTC) // one working day of nine hours and one more hour
	for _, task := range d.portal.Tasks() {
		routed := task.Responsible == 9 && task.Priority == 2 && task.Deadline.Equal(due)
		if routed != (task.Title == "Fires everywhere") {
			t.Errorf("%+v", task)
		}
	}
}
