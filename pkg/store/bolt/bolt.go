// Package bolt is the storage engine for a state in one bbolt file. It does not know what the entries mean. The lock on
// the file is also the lock of the run.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"helpdesk/pkg/store/engine"
)

// DB is an open file.
type DB struct {
	path    string
	file    *bbolt.DB
	overlay *bbolt.Tx // if set, all transactions happen in this one, which is rolled back at the end
	remove  string    // a temporary folder made for the overlay, removed at the end

	mu     sync.Mutex
	broken error // damage that was found; nothing is read or written after that
}

// lookAgain is the pause between two attempts to get a file that another run has open.
const lookAgain = 50 * time.Millisecond

// Open opens the file and creates it if it is missing. While another run has the file, Open waits up to Options.Wait
// and then returns ErrLocked. If the context ends earlier, its deadline also gives ErrLocked, and its cancellation
// gives the context's error.
func Open(ctx context.Context, path string, o engine.Options) (*DB, error) {
	d := &DB{}
	if o.Used && empty(path) {
		return nil, broken(path, "0 bytes")
	}
	switch none := (o.Overlay || o.Made) && missing(path); {
	case none && o.Made:
		return nil, fmt.Errorf("open state %s: %w", path, engine.ErrMissing)
	case none:
		dir, err := os.MkdirTemp("", "helpdesk-")
		if err != nil && path != "" { // fall back to the folder of the state
			dir, err = os.MkdirTemp(filepath.Dir(path), ".helpdesk-")
		}
		if err != nil {
			return nil, fmt.Errorf("open state: %w", err)
		}
		d.remove, path = dir, filepath.Join(dir, "state.db")
	}
	d.path = path
	if err := d.guard(func() error { return d.open(ctx, o) }); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

// missing reports whether there is no state yet: no file, or an empty one.
func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist) || empty(path)
}

// empty reports whether the file exists with a size of 0. A full disk may leave such a file.
func empty(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == 0
}

func (d *DB) open(ctx context.Context, o engine.Options) (err error) {
	if err = d.waitFile(ctx, o); err != nil || !o.Overlay {
		return err
	}
	if d.overlay, err = d.file.Begin(true); err != nil {
		return fmt.Errorf("open state: %w", err)
	}
	return nil
}

// waitFile opens the file. It retries while another run has the file, up to o.Wait.
func (d *DB) waitFile(ctx context.Context, o engine.Options) error {
	enough := time.After(o.Wait)
	for {
		err := d.openFile(o)
		if o.Wait <= 0 || !errors.Is(err, engine.ErrLocked) {
			return err
		}
		select {
		case <-enough:
			return err
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				err = fmt.Errorf("open state %s: %w", d.path, ctx.Err())
			}
			return err
		case <-time.After(lookAgain):
		}
	}
}

func (d *DB) openFile(o engine.Options) (err error) {
	before, err := os.Stat(d.path)
	if errors.Is(err, os.ErrNotExist) {
		if err := create(d.path); err != nil {
			return told(d.path, "make state", fmt.Errorf("open state: %w", err))
		}
	}
	glance := o.Glance && !empty(d.path)
	changed := before != nil && before.Size() > 0 && stamp(before) != o.Stamp
	if d.file, err = opened(d.path, glance || changed); err != nil {
		return err
	}
	if after, _ := os.Stat(d.path); before != nil && !os.SameFile(before, after) {
		// In the meantime a compaction has put another file in this place, and we have opened the old one.
		_ = d.file.Close()
		return d.openFile(o)
	}
	if err := whole(d.file, d.path); err != nil || !changed {
		return err
	}
	if err := sound(d.file, d.path); err != nil {
		return unsound(d.path, err)
	}
	if glance {
		return nil
	}
	if err := d.file.Close(); err != nil {
		return fmt.Errorf("open state: %w", err)
	}
	if d.file, err = opened(d.path, false); err != nil {
		return err
	}
	return whole(d.file, d.path)
}

// opened opens a file that exists. One that is only read does not have its list of free pages read.
func opened(path string, readOnly bool) (*bbolt.DB, error) {
	// A timeout of 0 would wait forever. Each commit writes the list of free pages in order: an array has that order, a
	// map is sorted for it, which took a tenth of a pass over few changes after a large backlog.
	file, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:      time.Nanosecond,
		FreelistType: bbolt.FreelistArrayType,
		ReadOnly:     readOnly,
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("open state %s: %w", path, engine.ErrLocked)
	case noState(err):
		return nil, broken(path, nil)
	case err != nil:
		return nil, told(path, "open state", fmt.Errorf("open state: %w", err))
	}
	return file, nil
}

// Stamp returns what changes with each write to a file, "" if there is none.
func Stamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return stamp(info)
}

func stamp(info os.FileInfo) string {
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
}

// whole returns ErrBroken if the file is shorter than its contents require. A truncated file is reported here, before a
// read beyond its end can fault.
func whole(db *bbolt.DB, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("open state: %w", err)
	}
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return broken(path, fmt.Sprintf("%d bytes, %d wanted", info.Size(), tx.Size()))
		}
		return nil
	})
}

// View implements engine.DB.
func (d *DB) View(fn func(engine.Tx) error) error {
	return d.guard(func() error {
		if d.overlay != nil {
			return fn(begun(d.overlay))
		}
		return d.file.View(func(t *bbolt.Tx) error { return fn(begun(t)) })
	})
}

// Later implements engine.DB. The changes are written when it returns.
func (d *DB) Later(fn func(engine.Tx) error) error { return d.Update(fn) }

// Flush implements engine.DB. There is nothing to wait for.
func (d *DB) Flush() error { return nil }

// Update implements engine.DB. In an overlay the changes of a failed transaction are not rolled back.
func (d *DB) Update(fn func(engine.Tx) error) error {
	return d.guard(func() error {
		if d.overlay != nil {
			return fn(begun(d.overlay))
		}
		if d.file.IsReadOnly() {
			return engine.ErrGlance
		}
		err := d.file.Update(func(t *bbolt.Tx) error { return fn(begun(t)) })
		release(d.file)
		return told(d.path, "write state", err)
	})
}

// Still implements engine.DB: no other process can get the file while this one has it open.
func (d *DB) Still() error { return nil }

// About implements engine.DB.
func (d *DB) About() engine.About { return engine.About{Name: d.path} }

// Close closes the file. Changes made in an overlay are discarded.
func (d *DB) Close() error {
	errs := []error{d.guard(d.close)}
	// the damage has been reported already; bbolt might deadlock now, so the file is released when the process ends
	if d.broken != nil {
		errs = nil
	}
	if d.remove != "" {
		errs = append(errs, os.RemoveAll(d.remove))
	}
	return errors.Join(errs...)
}

func (d *DB) close() error {
	var errs []error
	if d.overlay != nil {
		errs = append(errs, d.overlay.Rollback())
	}
	if d.file != nil {
		errs = append(errs, d.file.Close())
	}
	return errors.Join(errs...)
}
