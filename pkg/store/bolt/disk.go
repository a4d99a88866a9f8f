package bolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"helpdesk/pkg/store/engine"
)

// create makes a new file aside, which takes the name of path when it is whole: a disk that is full must not leave one
// that nobody can open. Where another run has made it meanwhile, that one stays. What runs left aside that were killed
// is removed.
func create(path string) error {
	f, err := beside(path)
	if err != nil {
		return err
	}
	defer sweep(path, 0)
	defer os.Remove(f.Name())
	_ = f.Close() // bbolt takes an empty file for a new one
	db, err := bbolt.Open(f.Name(), 0o600, &bbolt.Options{Timeout: time.Second})
	if err == nil {
		err = db.Close()
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if _, made := os.Lstat(path); made == nil { // by us, or by another run, which removes what is aside
		return nil
	}
	if isLink(err) { // a disk without links
		return os.Rename(f.Name(), path)
	}
	return err
}

// isLink reports whether an error is that of a link, and no other step's.
func isLink(err error) bool {
	var link *os.LinkError
	return errors.As(err, &link)
}

// beside makes an empty file that is to take the name of path.
func beside(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), filepath.Base(path)+newFile+"*")
}

// newFile stands in the names of files aside, before what tells one from the other.
const newFile = ".new-"

// sweep removes what was begun aside so long ago and never took its name. Nothing depends on it.
func sweep(path string, old time.Duration) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), filepath.Base(path)+newFile) || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) >= old {
			_ = os.Remove(filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
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
