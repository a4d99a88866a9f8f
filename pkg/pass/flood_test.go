package pass_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// Letters beyond mail.flood become files of one task. None is lost or gets an auto-reply.
func TestFloodIsGathered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.policy.Flood, w.policy.FloodWithin = 2, time.Hour
	for i := range 6 {
		w.bringTo("INBOX", letter(fmt.Sprintf("%d@romashka.example", i), fmt.Sprintf("p%d@romashka.example", i),
			fmt.Sprintf("Тема %d", i), fmt.Sprintf("Слово%d", i)))
	}
	w.quiet()
	w.want("six letters of one firm", 3, 2)
	gathering := w.portal.Tasks()[2]
	if gathering.Title != "Тема 2" || !strings.Contains(gathering.Description, "@romashka.example") {
		t.Errorf("%q: %q", gathering.Title, gathering.Description)
	}
	said := w.said(gathering)
	if len(said) != 3 {
		t.Fatalf("%d letters are gathered: %q", len(said), said)
	}
	for i, text := range said {
		if !strings.Contains(text, fmt.Sprintf("Тема %d", i+3)) || strings.Contains(text, fmt.Sprintf("Слово%d", i+3)) {
			t.Errorf("%q", text)
		}
	}
	files := 0
	for _, c := range gathering.Comments {
		files += len(c.Files)
	}
	if files != 3 {
		t.Errorf("%d files", files)
	}
}
