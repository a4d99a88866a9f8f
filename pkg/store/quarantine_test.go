package store

import (
	"errors"
	"testing"

	"helpdesk/pkg/desk"
)

func TestQuarantineKeepsTheMessageWhole(t *testing.T) { onBoth(t, testQuarantineKeepsTheMessageWhole) }

func testQuarantineKeepsTheMessageWhole(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	e := arrival(1, "a@example.org")
	for want := 1; want <= 3; want++ {
		got, err := s.Quarantine.Attempted(noon, e, "panic")
		if err != nil || got != want {
			t.Fatalf("attempt %d: %d, %v", want, got, err)
		}
	}
	p, err := s.Quarantine.Keep(noon, e, desk.Keeping{
		Key:   "k",
		Cause: "panic",
		Raw:   []byte("raw"),
		Hash:  "x",
	}, telling(e))
	if err != nil {
		t.Fatal(err)
	}
	if _, raw, err := s.Quarantine.Entry(p.Seq); err != nil || string(raw) != "raw" {
		t.Errorf("kept %q, %v", raw, err)
	}
	if raw, err := s.Quarantine.Stored(e.Place); err != nil || len(raw) != 1 || string(raw[0]) != "raw" {
		t.Errorf("stored %q, %v", raw, err)
	}
	if n := len(due(t, s, noon)); n != 1 {
		t.Errorf("%d tasks tell of it", n)
	}
	if got := stand(t, s, e.Place); !got.Known || got.Decided || !got.Held {
		t.Errorf("in the quarantine: %+v", got)
	}
	if err := s.Quarantine.Again(p.Seq); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Quarantine.All(); err != nil || len(all) != 1 || !all[0].Again {
		t.Errorf("to be tried again: %+v, %v", all, err)
	}
	if again, err := s.Quarantine.Keep(noon, e, desk.Keeping{
		Key:   "k",
		Cause: "still",
	}, telling(e)); err != nil || again.Seq != p.Seq || again.Again || !again.Whole {
		t.Errorf("failed again: %+v, %v", again, err)
	}
	if raw, err := s.Quarantine.Stored(e.Place); err != nil || len(raw) != 1 || len(due(t, s, noon)) != 1 {
		t.Errorf("then stored %q, %v, and %d tasks tell of it", raw, err, len(due(t, s, noon)))
	}
	record(t, s, e)
	if got := stand(t, s, e.Place); !got.Decided || got.Held {
		t.Errorf("decided: %+v", got)
	}
	if err := s.Quarantine.Release(p.Seq); err != nil {
		t.Fatal(err)
	}
	if err := s.Quarantine.Release(p.Seq); !errors.Is(err, ErrAbsent) {
		t.Errorf("released twice: %v", err)
	}
}

// telling returns a decision that opens a task about a message.
func telling(e desk.Entry) func(desk.Told) desk.Decision {
	return func(desk.Told) desk.Decision { return opens(e) }
}

func stand(t testing.TB, s *Store, at desk.Place) desk.Progress {
	t.Helper()
	all, err := s.Ledger.Progress([]desk.Listing{{Place: at}})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func TestWhatIsDroppedIsNotReadAgain(t *testing.T) { onBoth(t, testWhatIsDroppedIsNotReadAgain) }

func testWhatIsDroppedIsNotReadAgain(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	e := arrival(1, "a@example.org")
	p, err := s.Quarantine.Keep(noon, e, desk.Keeping{Key: "poison", Cause: "I/O error"}, nil)
	if err := errors.Join(err, s.Quarantine.Again(p.Seq), s.Quarantine.Release(p.Seq)); err != nil {
		t.Fatal(err)
	}
	if got := stand(t, s, e.Place); !got.Known || !got.Ready {
		t.Errorf("given up: %+v", got)
	}
}
