package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"helpdesk/pkg/store/engine"
)

// disk mounts a disk of that many bytes.
func disk(t *testing.T, options string) string {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("needs a small disk, which only root may make: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	return dir
}

// A disk that is full at the first run, or gets full later, leaves a state that opens when there is room.
func TestFullDisk(t *testing.T) {
	for _, size := range []int{4 << 10, 8 << 10, 12 << 10, 20 << 10} {
		dir := disk(t, fmt.Sprintf("size=%d", size))
		path := filepath.Join(dir, "helpdesk.db")
		write := func() error {
			d, err := Open(context.Background(), path, engine.Options{})
			if err != nil {
				return err
			}
			err = d.Update(func(tx engine.Tx) error { return tx.Bucket("x").Put([]byte("k"), bytes.Repeat([]byte("v"), 40<<10)) })
			return errors.Join(err, d.Close())
		}
		if err := write(); !errors.Is(err, engine.ErrFull) || !strings.Contains(err.Error(), path) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if all, _ := filepath.Glob(path + ".*"); len(all) > 0 {
			t.Errorf("%d bytes: left behind: %v", size, all)
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=4m"); err != nil {
			t.Fatal(err)
		}
		if err := write(); err != nil {
			t.Errorf("%d bytes, with room: %v", size, err)
		}
	}
}

func TestDiskThatTakesNoWriting(t *testing.T) {
	dir := disk(t, "size=4m")
	path := filepath.Join(dir, "helpdesk.db")
	d, err := Open(context.Background(), path, engine.Options{})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"helpdesk.db", "new.db"} {
		if _, err := Open(context.Background(), filepath.Join(dir, name), engine.Options{}); !errors.Is(err, engine.ErrPlace) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDiskTroubles(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{syscall.ENOLCK: "local", syscall.EIO: "backup", syscall.EDQUOT: "make room", syscall.EPERM: "not permitted"} {
		err := told("/x/helpdesk.db", "open state", &os.PathError{Op: "open", Path: "/x/helpdesk.db", Err: errno})
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "/x/helpdesk.db") || !errors.Is(err, errno) {
			t.Errorf("%v: %v", errno, err)
		}
	}
}
