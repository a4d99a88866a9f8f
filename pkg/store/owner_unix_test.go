//go:build unix

package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// When root compacts a state, the file keeps its owner, the user that cron runs as.
func TestCompactKeepsTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := filepath.Join(t.TempDir(), "helpdesk.db")
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Cache(noon, map[string][]byte{"x": make([]byte, 1<<20)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Cache(noon.Add(time.Hour), map[string][]byte{"x": nil}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	before, after, err := s.Compact()
	if err != nil || after >= before {
		t.Fatal(before, after, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if was := info.Sys().(*syscall.Stat_t); was.Uid != 65534 || was.Gid != 65534 {
		t.Errorf("it is %d's now", was.Uid)
	}
}
