package cmd

import (
	"regexp"
	"strings"
	"testing"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// TestCheckOnEachPortal: on each kind of portal check lists what works and what does not. No optional scope makes it
// fail.
func TestCheckOnEachPortal(t *testing.T) {
	t.Parallel()
	const all = "ok scope task|ok scope im|ok scope disk|ok scope tasks|ok scope crm|ok scope user_basic|ok user " +
		"7|ok folder for files|ok clock|ok rate"
	for name, tt := range map[string]struct {
		o    sandbox.PortalOptions
		want string
	}{
		"old card":   {sandbox.PortalOptions{}, all + "|ok task card|ok REST v3|ok Idempotency-Key"},
		"new card":   {sandbox.PortalOptions{NewCard: true}, all + "|ok task card|ok REST v3|ok Idempotency-Key"},
		"without v3": {sandbox.PortalOptions{NewCard: true, NoV3: true}, all + "|missing REST v3"},
		"no crm": {sandbox.PortalOptions{NewCard: true, Scopes: []string{"task", "tasks", "im", "disk", "user_basic"}},
			strings.Replace(all, "ok scope crm", "missing scope crm", 1)},
		"no tasks": {sandbox.PortalOptions{NewCard: true, Scopes: []string{"task", "im", "disk", "crm", "user_basic"}},
			strings.Replace(all, "ok scope tasks", "missing scope tasks", 1) + "|missing REST v3"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, tt.o, "letters: {locale: en}\n")
			out := d.must(0, "check")
			for _, line := range strings.Split(tt.want, "|") {
				stands, what, _ := strings.Cut(line, " ")
				if !regexp.MustCompile(`(?m)^` + stands + ` +portal: ` + regexp.QuoteMeta(what) +
					` `).MatchString(out) {
					t.Errorf("no line %q in\n%s", line, out)
				}
			}
			if strings.Contains(out, "FAILED") ||
				strings.Contains(out, "\nmissing") != strings.Contains(tt.want, "missing") {
				t.Error(out)
			}
		})
	}
}

// check reports what passes have found out, and does not write to the portal to find it out itself.
func TestCheckTellsWhatPassesFoundOut(t *testing.T) {
	t.Parallel()
	for known, o := range map[string]sandbox.PortalOptions{
		"ok":      {NewCard: true},
		"missing": {NewCard: true, NoIdempotency: true},
	} {
		// REST v3 can't set tags, so the task has none
		d := newDrive(t, o, "letters: {locale: en}\nrouting: [{mailbox: support, set: {tags: []}}]\n")
		if out := d.must(0, "check"); !strings.Contains(out, "not known before the first task") {
			t.Error(out)
		}
		d.letter("1@b.example", "n@b.example", "Printer", "It does not print.")
		d.must(0, "poll")
		if out := d.must(0, "check"); !regexp.MustCompile(`(?m)^` + known +
			` +portal: Idempotency-Key `).MatchString(out) {
			t.Error(out)
		}
	}
}
