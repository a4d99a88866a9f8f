package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// After the removal of their data, people in copy get no letter: not one that waits for all recipients, not their own
// waiting copy, not one with an unknown result, and no later answer. The customer and the other people get theirs.
func TestAnErasedCopyIsNeverSentToAgain(t *testing.T) {
	t.Parallel()
	toOlga := func(stage, to string) error {
		if stage == "rcpt" && strings.HasPrefix(to, "olga@") {
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}
		}
		return nil
	}
	for name, c := range map[string]struct {
		fails func(stage, to string) error // applies while the answer before the removal is sent
		ivan  int                          // number of letters with that answer to Ivan
	}{
		"it waits for all":        {func(string, string) error { return mail.ErrDrop }, 1},
		"it waits for her alone":  {toOlga, 1},
		"its fate is unknown":     {func(stage, _ string) error { return lost(stage) }, 3},
		"it was sent to everyone": {nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDrive(t, sandbox.PortalOptions{NewCard: true}, "")
			path := filepath.Join(d.dir, "helpdesk.yaml")
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Replace(string(raw), "  - name: support\n", "  - name: support\n    copy: participants\n",
				1)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			d.letter("1@romashka.example", "Ivan <ivan@romashka.example>", "Printer", "It does not print.",
				"Cc: Olga <olga@partner.example>, petr@partner.example")
			d.minute("poll")
			d.minute("notify")
			d.portal.Say(3701, 7, "Restart it.")
			d.smtp.Inject(c.fails)
			for range 3 {
				d.run("notify")
				d.clock.Advance(time.Minute)
			}
			d.must(0, "person", "erase", "--yes", "olga@partner.example")
			before := len(d.mailed())
			d.smtp.Inject(nil)
			for range 3 {
				d.clock.Advance(6 * time.Hour)
				d.minute("notify")
			}
			d.portal.Say(3701, 7, "And now?")
			for range 3 {
				d.minute("notify")
			}
			restart, now := 0, 0
			for i, l := range d.mailed() {
				if i >= before && slices.Contains(l.To, "olga@partner.example") {
					t.Errorf("a letter to %q: %s", l.To, l.Message.Plain)
				}
				if i >= before && strings.Contains(l.Message.Header.Get("Cc"), "olga@") {
					t.Errorf("a letter that names her: %s", l.Message.Header.Get("Cc"))
				}
				if slices.Contains(l.To, "ivan@romashka.example") && strings.Contains(l.Message.Plain, "Restart it.") {
					restart++
				}
				if slices.Contains(l.To, "petr@partner.example") && strings.Contains(l.Message.Plain, "And now?") {
					now++
				}
			}
			if restart < 1 || restart > c.ivan || now != 1 {
				t.Errorf("Ivan gets the first answer %d times, Petr the later one %d times", restart, now)
			}
		})
	}
}

// lost makes the relay's reply to the letter get lost.
func lost(stage string) error {
	if stage == "reply" {
		return mail.ErrDrop
	}
	return nil
}
