package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"helpdesk/pkg/store/engine"
)

// create makes a new file aside, which takes the name of path when it is whole: a disk that is full must not leave one
// that nobody can open. Where another run has made it meanwhile, that one stays.
func create(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_ = f.Close() // bbolt takes an empty file for a new one
	db, err := bbolt.Open(f.Name(), 0o600, &bbolt.Options{Timeout: time.Second})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		return err
	}
	if err = os.Link(f.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return os.Rename(f.Name(), path) // a disk without links
}

// told says what to do about an error of the disk that the file at path lies on.
func told(path, doing string, err error) error {
	is := func(all ...syscall.Errno) bool {
		for _, e := range all {
			if errors.Is(err, e) {
				return true
			}
		}
		return false
	}
	const windowsFull = syscall.Errno(112) // ERROR_DISK_FULL
	switch {
	case is(syscall.ENOSPC, syscall.EDQUOT), runtime.GOOS == "windows" && is(windowsFull):
		return fmt.Errorf("%s %s: %w: make room on its disk (%w)", doing, path, engine.ErrFull, err)
	case is(syscall.EROFS):
		return fmt.Errorf("%s %s: %w: its disk takes no writing: mount it for that, or name another place in "+
			"'state:' (%w)", doing, path, engine.ErrPlace, err)
	case is(syscall.ENOLCK, syscall.ENOTSUP, syscall.ENOSYS):
		return fmt.Errorf("%s %s: %w: its disk knows no locks, as over a network: put the state on a local one (%w)",
			doing, path, engine.ErrPlace, err)
	case is(syscall.EIO):
		return fmt.Errorf("%s %s: its disk fails; look into the system's log, and have a copy made by 'helpdesk "+
			"state backup' at hand: %w", doing, path, err)
	}
	return err
}
