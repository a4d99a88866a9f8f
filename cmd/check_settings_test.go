package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"helpdesk/cmd/exit"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// check says where notify.confirm: like shows likes and where comments, and nothing of it with other values.
func TestCheckTellsOfLikes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o        sandbox.PortalOptions
		settings string
		want     string // "" = no line
	}{
		"new card": {
			sandbox.PortalOptions{NewCard: true},
			"notify: {delay: 0s, confirm: like}\n",
			"get a like",
		},
		"old card": {sandbox.PortalOptions{}, "notify: {delay: 0s, confirm: like}\n", "a comment"},
		"none":     {sandbox.PortalOptions{NewCard: true}, "notify: {delay: 0s}\n", ""},
		"comment":  {sandbox.PortalOptions{NewCard: true}, "notify: {delay: 0s, confirm: comment}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDrive(t, c.o, "letters: {locale: en}\n"+c.settings)
			d.letter("1@b.example", "n@b.example", "Printer", "It does not print.")
			d.must(0, "poll")
			line := regexp.MustCompile(`(?m)^.*portal: likes .*$`).FindString(d.must(0, "check"))
			if (line == "") != (c.want == "") || !strings.Contains(line, c.want) {
				t.Errorf("says %q, want %q", line, c.want)
			}
		})
	}
}

// check asks for everybody whom the settings name: a user who is unknown ends it with 2, wherever they stand.
func TestCheckAsksForEachUser(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]string{
		"monitor.tell":     "monitor: {tell: [9, 4444]}\n",
		"task.fallback":    "routing: [{mailbox: support, set: {fallback: 4444}}]\n",
		"task.responsible": "routing: [{mailbox: support, set: {responsible: 4444}}]\n",
		"task.auditors":    "routing: [{mailbox: support, set: {auditors: [9, 4444]}}]\n",
		"task.accomplices": "routing: [{mailbox: support, set: {accomplices: [4444]}}]\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDrive(t, sandbox.PortalOptions{NewCard: true}, "letters: {locale: en}\n"+settings)
			out := d.must(exit.Wrong, "check")
			if !regexp.MustCompile(`(?m)^FAILED +portal: user 4444 `).MatchString(out) ||
				strings.Count(out, "FAILED") != 1 {
				t.Error(out)
			}
			path := filepath.Join(d.dir, "helpdesk.yaml")
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(raw), "4444", "9")), 0o600); err != nil {
				t.Fatal(err)
			}
			if out := d.must(0, "check"); !regexp.MustCompile(`(?m)^ok +portal: user 9 `).MatchString(out) {
				t.Error(out)
			}
		})
	}
}
