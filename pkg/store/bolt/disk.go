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

// create makes a new state under a temporary name and then gives it the name of path, so that a full disk cannot leave
// a broken file there. If another run has created the file in the meantime, that file stays. create also removes
// temporary files left by killed runs.
func create(path string) error {
	f, err := beside(path)
	if err != nil {
		return err
	}
	defer sweep(path, 0)
	defer os.Remove(f.Name())
	_ = f.Close() // bbolt treats an empty file as a new one
	db, err := bbolt.Open(f.Name(), 0o600, &bbolt.Options{Timeout: time.Second})
	if err == nil {
		err = db.Close()
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if _, made := os.Lstat(path); made == nil { // made by us, or by another run, whose sweep has removed our file
		return nil
	}
	if isLink(err) { // the file system has no hard links
		return os.Rename(f.Name(), path)
	}
	return err
}

// isLink reports whether the error comes from os.Link.
func isLink(err error) bool {
	var link *os.LinkError
	return errors.As(err, &link)
}

// beside makes an empty temporary file in the folder of path.
func beside(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), filepath.Base(path)+newFile+"*")
}

// newFile is the part of a temporary file's name between the name of the state and the random suffix.
const newFile = ".new-"

// sweep removes temporary files of path that were last written at least old ago. Errors are ignored.
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

// told adds advice to an error of the disk that the file at path is on.
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
