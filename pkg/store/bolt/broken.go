package bolt

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	bolterrors "go.etcd.io/bbolt/errors"

	"helpdesk/pkg/store/engine"
)

// broken returns ErrBroken for the file at path. found describes the damage, nil if there is nothing to add.
func broken(path string, found any) error {
	text := ""
	if found != nil {
		text = fmt.Sprintf(" (%v)", found)
	}
	return fmt.Errorf("open state %s: %w%s: restore a copy made by 'helpdesk state backup'", path, engine.ErrBroken,
		text)
}

// noState reports whether bbolt's error means that the file is not a bbolt file.
//
// QUIRK: bbolt has no error value for a file of less than two pages (go.etcd.io/bbolt v1.5.0, db.go, fileSize).
func noState(err error) bool {
	return errors.Is(err, bolterrors.ErrInvalid) || errors.Is(err, bolterrors.ErrChecksum) ||
		errors.Is(err, bolterrors.ErrVersionMismatch) ||
		err != nil && strings.HasPrefix(err.Error(), "file size too small")
}

// guarded calls fn, which works with the file at path. If fn finds the file damaged, guarded returns ErrBroken.
//
// QUIRK: bbolt panics on a damaged page, and it reads beyond the end of a truncated file, which is a memory fault. It
// returns neither as an error (go.etcd.io/bbolt v1.5.0).
//
// died reports that a panic ended fn.
func guarded(path string, fn func() error) (died bool, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover(); {
		case p == nil:
		case damage(p):
			died, err = true, broken(path, p)
		default:
			panic(p)
		}
	}()
	return false, fn()
}

// damage reports whether a panic comes from a damaged file and not from a bug of ours: it is a memory fault, or bbolt
// itself panicked. It must be called while the panic is still on the stack.
func damage(p any) bool {
	if _, fault := p.(interface{ Addr() uintptr }); fault {
		return true
	}
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	panicking := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicking = true
		case panicking && !strings.HasPrefix(f.Function, "runtime."):
			return strings.HasPrefix(f.Function, "go.etcd.io/bbolt")
		}
		if !more {
			return false
		}
	}
}

// guard is guarded for the open state. After a panic it refuses every further call: the transaction that died may still
// have bbolt's locks.
func (d *DB) guard(fn func() error) error {
	d.mu.Lock()
	err := d.broken
	d.mu.Unlock()
	if err != nil {
		return err
	}
	died, err := guarded(d.path, fn)
	if died {
		d.mu.Lock()
		d.broken = err
		d.mu.Unlock()
	}
	return err
}
