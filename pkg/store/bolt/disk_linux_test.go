package bolt

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"helpdesk/internal/servers"
	"helpdesk/pkg/store/engine"
)

// disk makes a disk of the given size in bytes.
func disk(t *testing.T, size int) *servers.Disk {
	d, err := servers.NewDisk(size)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(d.Remove)
	return d
}

// remount changes the size of a disk, or makes it read-only or writable.
func remount(t *testing.T, d *servers.Disk, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", d.Dir, "tmpfs", syscall.MS_REMOUNT|flags, options); err != nil {
		t.Fatal(err)
	}
}

// A disk that is full at the first run or later leaves a state that can be opened when there is room again.
func TestFullDisk(t *testing.T) {
	for _, size := range []int{4 << 10, 8 << 10, 12 << 10, 20 << 10} {
		small := disk(t, size)
		path := filepath.Join(small.Dir, "helpdesk.db")
		write := func() error {
			d, err := Open(context.Background(), path, engine.Options{})
			if err != nil {
				return err
			}
			err = d.Update(func(tx engine.Tx) error {
				return tx.Bucket("x").Put([]byte("k"), bytes.Repeat([]byte("v"), 40<<10))
			})
			return errors.Join(err, d.Close())
		}
		if err := write(); !errors.Is(err, engine.ErrFull) || !strings.Contains(err.Error(), path) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if all, _ := filepath.Glob(path + ".*"); len(all) > 0 {
			t.Errorf("%d bytes: left behind: %v", size, all)
		}
		remount(t, small, 0, "size=4M")
		if err := write(); err != nil {
			t.Errorf("%d bytes, with room: %v", size, err)
		}
	}
}

func TestDiskThatTakesNoWriting(t *testing.T) {
	shut := disk(t, 4<<20)
	path := filepath.Join(shut.Dir, "helpdesk.db")
	d, err := Open(context.Background(), path, engine.Options{})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	remount(t, shut, syscall.MS_RDONLY, "")
	for _, name := range []string{"helpdesk.db", "new.db"} {
		if _, err := Open(context.Background(), filepath.Join(shut.Dir, name),
			engine.Options{}); !errors.Is(err, engine.ErrPlace) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDiskTroubles(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.ENOLCK: "local",
		syscall.EIO:    "backup",
		syscall.EDQUOT: "make room",
		syscall.EPERM:  "not permitted",
	} {
		err := told("/x/helpdesk.db", "open state", &os.PathError{Op: "open", Path: "/x/helpdesk.db", Err: errno})
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "/x/helpdesk.db") ||
			!errors.Is(err, errno) {
			t.Errorf("%v: %v", errno, err)
		}
	}
}
