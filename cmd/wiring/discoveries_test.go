package wiring

import (
	"path/filepath"
	"testing"
	"time"

	"helpdesk/pkg/store"
)

// A fact is kept for a day, so a scope that the webhook gets later is noticed.
func TestDiscoveriesGrowOld(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "helpdesk.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)
	later := func(d time.Duration) *discoveries {
		return &discoveries{s: s, now: func() time.Time { return now.Add(d) }, fresh: map[string][]byte{}}
	}
	found := later(0)
	found.save("portal.nocrm", []byte("true"))
	if got := string(found.load("portal.nocrm", 24*time.Hour)); got != "true" {
		t.Errorf("in the same run: %q", got)
	}
	if err := found.keep(now); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{24*time.Hour - time.Minute, "true"}, {24*time.Hour + time.Minute, ""}} {
		if got := string(later(c.after).load("portal.nocrm", 24*time.Hour)); got != c.want {
			t.Errorf("after %v: %q, want %q", c.after, got, c.want)
		}
	}
}
