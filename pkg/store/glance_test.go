package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"helpdesk/pkg/store/engine"
)

// A glance reads a file without changes. If the state must be created or changed, it is opened for writing instead.
func TestGlance(t *testing.T) {
	none := filepath.Join(t.TempDir(), "empty.db")
	if err := os.WriteFile(none, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, none, Options{Glance: true}).Close(); err != nil {
		t.Errorf("a file with nothing in it: %v", err)
	}
	path := filepath.Join(t.TempDir(), "state.db")
	made := open(t, path, Options{Glance: true})
	if err := errors.Join(made.DoubtTold(), made.Close()); err != nil {
		t.Fatalf("a state that had to be made is not open for writing: %v", err)
	}
	s := open(t, path, Options{Glance: true})
	if s.Instance() != made.Instance() {
		t.Errorf("instance %q, want %q", s.Instance(), made.Instance())
	}
	if err := s.update(func(txn) error { return nil }); !errors.Is(err, engine.ErrGlance) {
		t.Errorf("writing: %v, want ErrGlance", err)
	}
	other := open(t, path, Options{Glance: true}) // two runs may look at the same time
	if _, err := Open(path, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("opened for writing meanwhile: %v", err)
	}
	if err := errors.Join(s.Close(), other.Close()); err != nil {
		t.Error(err)
	}
	s = open(t, path, Options{})
	if _, err := Open(path, Options{Glance: true}); !errors.Is(err, ErrLocked) {
		t.Errorf("looked at while somebody writes: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	// A state older than the last pass recorded raises a doubt, which is written.
	s = open(t, path, Options{Glance: true, Used: true, Writes: 99})
	if s.Doubt().Cause != Older {
		t.Errorf("doubt %+v", s.Doubt())
	}
}
