package cmd

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store"
)

// Each pass prunes a part, and the next one continues; after the end there is a day's pause.
func TestPruningGoesOnWithTheNextPass(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)
	s, err := store.Open(filepath.Join(t.TempDir(), "state.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	received(t, s, now, 600) // more than a pass examines
	later := now.AddDate(0, 0, 100)
	left := []int{}
	for range 3 {
		if err := prune(s, later, 90*24*time.Hour); err != nil {
			t.Fatal(err)
		}
		left = append(left, records(t, s))
	}
	if left[0] == 0 || left[2] != 0 {
		t.Errorf("records left after each pass: %v", left)
	}
	now = now.Add(time.Hour)
	received(t, s, now, 1)
	if err := prune(s, later, 0); err != nil || records(t, s) != 1 {
		t.Errorf("again on the same day: %d records left, %v", records(t, s), err)
	}
}

// received records ignored messages, each with a place and a record.
func received(t *testing.T, s *store.Store, at time.Time, n int) {
	t.Helper()
	es := make([]desk.Entry, n)
	for i := range es {
		es[i].Place = desk.Place{Mailbox: "support", UIDValidity: uint32(at.Unix()), UID: uint32(i + 1)}
	}
	err := s.Ledger.Record(at, es, 0, func(i int, _ desk.Facts) (desk.Decision, error) {
		return desk.Decision{Verdict: desk.Ignored, Key: fmt.Sprintf("%s %d", at, i)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// records returns the number of messages whose record still exists.
func records(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	err := s.Ledger.Records(time.Time{}, func(r desk.Record) error {
		if r.Verdict != "" {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
