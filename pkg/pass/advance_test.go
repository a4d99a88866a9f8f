package pass_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"

	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// Advance is called for each chunk that is marked or, in a preview, decided, with the total found so far. An idle pass
// does not call it.
func TestAdvance(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	arrive := func(from, to int) {
		for i := from; i < to; i++ {
			w.arrive(letter(fmt.Sprintf("%d@firm.example", i), fmt.Sprintf("c%d@firm%d.example", i, i), "Request",
				"Text."))
		}
	}
	arrive(0, 120)
	told := func(o store.Options, run func(*pass.Pass, context.Context) (*pass.Report, error)) (got []string) {
		t.Helper()
		p, s := w.open(o)
		p.Advance = func(done, total int) { got = append(got, fmt.Sprintf("%d/%d", done, total)) }
		_, err := run(p, context.Background())
		w.check(err)
		w.check(s.Close())
		return got
	}
	want := []string{"0/120", "50/120", "100/120", "120/120"}
	if got := told(store.Options{Overlay: true}, preview); !slices.Equal(got, want) {
		t.Errorf("a preview tells %v, want %v", got, want)
	}
	w.imap.Inject(func(command, _ string) error {
		if command == "STORE" {
			return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "quota exceeded"}
		}
		return nil
	})
	if got := told(store.Options{}, poll); !slices.Equal(got, want[:1]) {
		t.Errorf("a poll that can't mark tells %v, want %v", got, want[:1])
	}
	w.imap.Inject(nil)
	arrive(120, 140)
	known := []string{"0/120", "120/120", "120/140", "140/140"} // recorded by the poll before, and new ones
	if got := told(store.Options{}, poll); !slices.Equal(got, known) {
		t.Errorf("a poll tells %v, want %v", got, known)
	}
	if got := told(store.Options{}, poll); len(got) > 0 {
		t.Errorf("an idle poll tells %v", got)
	}
}
