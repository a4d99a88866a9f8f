package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// restored returns the path of a state and the number of its writes. The state received two messages, was copied,
// received a third one, and was then replaced by the copy.
func restored(t *testing.T, copy func(s *Store, path string)) (string, uint64) {
	t.Helper()
	dir := t.TempDir()
	path, old := filepath.Join(dir, "helpdesk.db"), filepath.Join(dir, "old.db")
	s := open(t, path, Options{})
	record(t, s, arrival(1, "a@example.org"), arrival(2, "b@example.org"))
	copy(s, old)
	record(t, s, arrival(3, "c@example.org"))
	n, err := s.Writes()
	if err := errors.Join(err, s.Close(), os.Rename(old, path)); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	return path, n
}

func byBackup(s *Store, path string) {
	if err := s.Backup(path); err != nil {
		panic(err)
	}
}

// byHand copies the file as cp does.
func byHand(s *Store, path string) {
	raw, err := os.ReadFile(s.db.About().Name)
	if err := errors.Join(err, os.WriteFile(path, raw, 0o600)); err != nil {
		panic(err)
	}
}

func TestAnOlderCopyInPlaceIsDoubted(t *testing.T) {
	for name, c := range map[string]struct {
		copy  func(*Store, string)
		noted bool // the number of writes at the end of the last pass is known
		want  Cause
	}{
		"a backup":                        {byBackup, true, Restored},
		"a backup, nothing noted":         {byBackup, false, Restored},
		"a copy of the file":              {byHand, true, Older},
		"a copy of the file, not noticed": {byHand, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path, n := restored(t, c.copy)
			o := Options{Used: true}
			if c.noted {
				o.Writes = n
			}
			if c.want == "" {
				if s := open(t, path, o); s.Doubt() != nil {
					t.Errorf("doubted without a cause: %+v", s.Doubt())
				}
				return
			}
			for _, overlay := range []bool{true, false, false} { // every run sees the doubt until it is reported
				o.Overlay = overlay
				s := open(t, path, o)
				d := s.Doubt()
				if d == nil || d.Cause != c.want || d.Unsure != 4 || time.Since(d.Since) > time.Hour ||
					s.Lost().IsZero() {
					t.Fatalf("overlay %t: %+v, lost since %s", overlay, d, s.Lost())
				}
				all, err := s.Outbox.Pendings()
				if err != nil || len(all) != 4 {
					t.Fatal(len(all), err)
				}
				for _, p := range all {
					if !p.Unsure {
						t.Errorf("overlay %t: %+v", overlay, p)
					}
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			s := open(t, path, Options{})
			if err := errors.Join(s.DoubtTold(), s.Close()); err != nil {
				t.Fatal(err)
			}
			if s = open(t, path, Options{}); s.Doubt() != nil {
				t.Errorf("told twice: %+v", s.Doubt())
			}
		})
	}
}

// Work on a state that stays in its place does not raise a doubt.
func TestAStateThatIsNoCopyIsNotDoubted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "helpdesk.db")
	s := open(t, path, Options{})
	record(t, s, arrival(1, "a@example.org"))
	byBackup(s, filepath.Join(dir, "copy.db"))
	n, err := s.Writes()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Compact(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s := open(t, path, Options{Used: true, Writes: n})
		if s.Doubt() != nil {
			t.Errorf("doubted: %+v", s.Doubt())
		}
		if n, err = s.Writes(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A missing state is created anew, and the doubt stays until a pass has reported it. A state of 0 bytes is damaged.
func TestAStateThatIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "helpdesk.db")
	s := open(t, path, Options{Used: true})
	if d := s.Doubt(); d == nil || d.Cause != Gone || !s.Lost().IsZero() {
		t.Fatalf("%+v", d)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s = open(t, path, Options{Used: true}); s.Doubt() == nil {
		t.Error("no pass has told it")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Used: true}, {Used: true, Overlay: true}, {Used: true, Made: true}} {
		if _, err := Open(path, o); !errors.Is(err, ErrBroken) {
			t.Errorf("%+v: a file of 0 bytes: %v", o, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("it was touched: %v", err)
	}
	if s = open(t, path, Options{}); s.Doubt() != nil { // an empty file, left by a full disk at the first run
		t.Errorf("a new state is doubted: %+v", s.Doubt())
	}
}
