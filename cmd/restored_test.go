package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// A backup that replaces the state is reported once.
func TestABackupPutBackIsToldOfOnce(t *testing.T) {
	d := newDrive(t, sandbox.PortalOptions{}, "")
	d.letter("0@vostok.example", "petr@vostok.example", "Keyboard", "Keys are missing.")
	d.minute("poll")
	backup := filepath.Join(d.dir, "backup.db")
	d.must(exit.Done, "state", "backup", backup)
	if err := os.Rename(backup, filepath.Join(d.dir, "helpdesk.db")); err != nil {
		t.Fatal(err)
	}
	told := 0
	for range 6 {
		_, _, stderr := d.run("poll")
		told += strings.Count(stderr, "it is a backup, made ")
		d.clock.Advance(time.Minute)
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}
