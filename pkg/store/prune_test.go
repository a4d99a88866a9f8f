package store

import (
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"helpdesk/pkg/desk"
)

func TestPruneKeepsWhatTellsMessagesApart(t *testing.T) {
	onBoth(t, testPruneKeepsWhatTellsMessagesApart)
}

func testPruneKeepsWhatTellsMessagesApart(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	e := arrival(1, "a@example.org")
	record(t, s, e)
	if n, _, err := s.Prune(noon); err != nil || n != 0 {
		t.Fatalf("forgot %d of nothing old, %v", n, err)
	}
	later := noon.Add(time.Hour)
	if n, _, err := s.Prune(later); err != nil || n != 2 { // a step of the journal and the message's record
		t.Fatalf("forgot %d, %v", n, err)
	}
	if n, _, err := s.Prune(later); err != nil || n != 0 {
		t.Fatalf("forgot %d twice, %v", n, err)
	}
	known, err := s.Ledger.Ask([]desk.Questions{{Key: e.Questions.Key, IDs: []string{e.ID}}})
	if err != nil || !known[0].Recorded || known[0].Known[e.ID].Ticket != 1 {
		t.Errorf("the message or its thread is forgotten: %+v, %v", known, err)
	}
	progress, err := s.Ledger.Progress([]desk.Listing{{Place: e.Place}})
	if err != nil || !progress[0].Known {
		t.Errorf("an unmarked message is forgotten: %+v, %v", progress, err)
	}
	s.Ledger.Marked([]desk.Place{e.Place})
	if n, _, err := s.Prune(later); err != nil || n != 1 {
		t.Errorf("the place of a marked message: %d, %v", n, err)
	}
}

// busy writes the entries of a day with the given number of messages.
func busy(t testing.TB, s *Store, day, messages int) {
	t.Helper()
	at := noon.AddDate(0, 0, day)
	err := s.update(func(tx txn) error {
		for i := range messages {
			n := uint64(day*messages + i + 1)
			key := desk.DeriveKey("message", string(number(n)))
			for _, what := range []string{"message", "open", "letter"} {
				if err := note(tx, n, desk.Step{At: at, What: what, Key: key}); err != nil {
					return err
				}
			}
			if err := put(tx, bSeen, number(n), seen{Key: key, At: at, Marked: true}); err != nil {
				return err
			}
			if err := put(tx, bMessages, []byte(key), desk.Record{
				Key:     key,
				At:      at,
				Verdict: desk.Task,
				Subject: "Printer",
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// left counts entries older than before that contain more than a key.
func left(t testing.TB, s *Store, before time.Time) (n int) {
	t.Helper()
	err := s.view(func(tx txn) error {
		for _, bucket := range aging {
			err := each(tx, bucket, func(_ []byte, v old) error {
				if v.At.Before(before) && !kept(bucket, v) {
					n++
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPruneKeepsUpWithBusyDays(t *testing.T) { onBoth(t, testPruneKeepsUpWithBusyDays) }

func testPruneKeepsUpWithBusyDays(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	const perDay, passes = 125, 4
	for day := range 4 {
		busy(t, s, day, perDay)
		before := noon.AddDate(0, 0, day)
		ended := false
		for range passes {
			n, all, err := s.Prune(before)
			if err != nil || n > mostRead {
				t.Fatalf("day %d: one pass forgot %d, %v", day, n, err)
			}
			if ended = all; ended {
				break
			}
		}
		if n := left(t, s, before); n != 0 || !ended {
			t.Fatalf("day %d: %d old entries are left, ended %t", day, n, ended)
		}
	}
}

func TestPruneWritesNothingWhereNothingIsOld(t *testing.T) {
	s := fresh(t)
	busy(t, s, 0, 10)
	before := written(t, s)
	if n, ended, err := s.Prune(noon); n != 0 || !ended || err != nil {
		t.Errorf("forgot %d, ended %t, %v", n, ended, err)
	}
	if after := written(t, s); after != before {
		t.Errorf("%d transactions that change nothing", after-before)
	}
}

// written returns the number of writing transactions.
func written(t testing.TB, s *Store) (n int) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(copied); err != nil {
		t.Fatal(err)
	}
	inFile(t, copied, func(tx *bbolt.Tx) error { n = tx.ID(); return nil })
	return n
}
