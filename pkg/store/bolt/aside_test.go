package bolt

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"helpdesk/pkg/store/engine"
)

// Temporary files of killed runs are removed when the state is created or copied, and are never opened as the state.
func TestWhatKilledRunsLeftAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "helpdesk.db")
	left := func(name string, content string, age time.Duration) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	names := func() (all []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			all = append(all, e.Name())
		}
		return all
	}
	left("helpdesk.db.new-1", "", 0)
	left("helpdesk.db.new-2", "half a page", time.Hour)
	left("helpdesk.db.bak", "x", 24*time.Hour)
	d, err := Open(context.Background(), path, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(); len(got) != 2 {
		t.Errorf("beside the state lie %q", got)
	}
	left("copy.db.new-1", "half a copy", 2*time.Hour)
	left("copy.db.new-2", "being written", 0)
	if err := d.Backup(filepath.Join(dir, "copy.db"), func(*DB) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	got := names()
	if len(got) != 4 || got[0] != "copy.db" || got[1] != "copy.db.new-2" {
		t.Errorf("beside the copy lie %q", got)
	}
}
