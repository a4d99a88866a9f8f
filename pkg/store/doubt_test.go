package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"helpdesk/pkg/desk"
)

// moved changes the state to one written in a different history of the server.
func moved(t *testing.T, address string) {
	t.Helper()
	s := open(t, address, Options{})
	if err := s.update(func(tx txn) error {
		return tx.Bucket(bMeta).Put([]byte("line"), []byte("7/00000001"))
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAfterAFailOverEverythingWaitingIsUnsure(t *testing.T) {
	address := database(t)
	s := open(t, address, Options{})
	if s.Doubt() != nil {
		t.Error("a new state is doubted")
	}
	record(t, s, arrival(1, "a@example.org"), arrival(2, "b@example.org"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s = open(t, address, Options{}); s.Doubt() != nil {
		t.Errorf("doubted without a cause: %+v", s.Doubt())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	moved(t, address)
	for range 2 { // a dry run does not use up the doubt
		s = open(t, address, Options{Overlay: true})
		if d := s.Doubt(); d == nil || d.Unsure != 4 || d.Since.IsZero() {
			t.Fatalf("in an overlay: %+v", d)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, address, Options{})
	if d := s.Doubt(); d == nil || d.Unsure != 4 || time.Since(d.At) > time.Hour || !d.Since.Before(d.At) {
		t.Fatalf("got %+v", d)
	}
	all, err := s.Outbox.Pendings()
	if err != nil || len(all) != 4 {
		t.Fatal(len(all), err)
	}
	for _, p := range all {
		if !p.Unsure || p.First.IsZero() || p.Last.IsZero() || p.Tries == 0 {
			t.Errorf("%+v", p)
		}
	}
	if len(due(t, s, time.Now())) != 2 {
		t.Error("they are not looked for at once")
	}
	if err := errors.Join(s.DoubtTold(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if s = open(t, address, Options{}); s.Doubt() != nil {
		t.Error("it is noticed twice")
	}
}

// A message that was recorded in a lost commit arrives again: its effects may have been made.
func TestAMessageFromBeforeTheFailOverMayHaveBeenWorkedOn(t *testing.T) {
	address := database(t)
	open(t, address, Options{}).Close()
	moved(t, address)
	s := open(t, address, Options{})
	late := arrival(2, "b@example.org")
	late.Received = time.Now().Add(time.Hour)
	record(t, s, arrival(1, "a@example.org"), late)
	all, err := s.Outbox.Pendings()
	if err != nil || len(all) != 4 {
		t.Fatal(len(all), err)
	}
	for _, p := range all {
		if before := p.Effect.Ticket == 1; p.Unsure != before {
			t.Errorf("ticket %d, %s: unsure %t", p.Effect.Ticket, p.Effect.Kind, p.Unsure)
		}
	}
	if lost := s.Lost(); lost.IsZero() || time.Since(lost) < lostBefore {
		t.Errorf("lost since %s", lost)
	}
	if err := s.Recovered(); err != nil || !s.Lost().IsZero() {
		t.Errorf("lost since %s, %v", s.Lost(), err)
	}
	if err := s.Outbox.Finish(noon, []desk.Result{{Seq: 1, Done: true, Made: desk.Made{Task: 1}}}); err != nil {
		t.Fatal(err)
	}
}

// A copy put in the state's place may lack what was done since, which the original does not.
func TestACopyIsNoticed(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		record(t, s, arrival(1, "a@example.org"))
		before := time.Now()
		copied := filepath.Join(t.TempDir(), "copy.db")
		if err := errors.Join(s.Backup(copied), s.Close()); err != nil {
			t.Fatal(err)
		}
		for range 2 { // a dry run does not use up the doubt
			s = open(t, copied, Options{Overlay: true})
			if d := s.Doubt(); d == nil || d.Unsure != 2 || d.Since.Sub(before).Abs() > time.Minute {
				t.Fatalf("in an overlay: %+v", d)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 2 {
			s = open(t, copied, Options{})
			if (s.Doubt() != nil) != (i == 0) || s.Lost().IsZero() || s.Doubted().Before(before) {
				t.Errorf("opening %d: %+v, lost since %s", i+1, s.Doubt(), s.Lost())
			}
			if err := errors.Join(s.DoubtTold(), s.Close()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Making a copy does not raise a doubt.
func TestAStateThatWasCopiedIsNotDoubted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	if err := errors.Join(s.Backup(path+".copy"), s.Close()); err != nil {
		t.Fatal(err)
	}
	if s = open(t, path, Options{}); s.Doubt() != nil || !s.Lost().IsZero() {
		t.Errorf("%+v", s.Doubt())
	}
}
