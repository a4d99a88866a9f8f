// Package bolt keeps the state in one bbolt file. The file's lock is the lock of the run.
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
	overlay *bbolt.Tx // set: everything happens in it, and nothing is kept
	remove  string    // a folder made for the overlay alone

	mu     sync.Mutex
	broken error // what was found damaged; nothing is done after that
}

// lookAgain is how often a run tries whether another one has ended.
const lookAgain = 50 * time.Millisecond

// Open opens the file, and makes it where it is missing. The context ends the waiting for another run: its deadline
// like Wait, with ErrLocked, an interruption with the context's error.
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
		if err != nil && path != "" { // the second place is beside the state
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

// missing reports whether there is no state yet: no file, or one with nothing in it.
func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist) || empty(path)
}

// empty reports whether there is a file with nothing in it: a disk that is full may leave one.
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

// waitFile opens the file, again while another run holds it, as long as that may be waited for.
func (d *DB) waitFile(ctx context.Context, o engine.Options) error {
	enough := time.After(o.Wait)
	for {
		err := d.openFile(o.Glance)
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

func (d *DB) openFile(glance bool) (err error) {
	before, err := os.Stat(d.path)
	if errors.Is(err, os.ErrNotExist) {
		if err := create(d.path); err != nil {
			return told(d.path, "make state", fmt.Errorf("open state: %w", err))
		}
	}
	// 0 waits for ever
	d.file, err = bbolt.Open(d.path, 0o600, &bbolt.Options{
		Timeout:      time.Nanosecond,
		FreelistType: bbolt.FreelistMapType,
		ReadOnly:     glance && !empty(d.path), // then the list of free pages is not read
	})
	if after, _ := os.Stat(d.path); err == nil && before != nil && !os.SameFile(before, after) {
		// Meanwhile a compaction put another file in its place: ours is the one left behind.
		_ = d.file.Close()
		return d.openFile(glance)
	}
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("open state %s: %w", d.path, engine.ErrLocked)
	case noState(err):
		return broken(d.path, nil)
	case err != nil:
		return told(d.path, "open state", fmt.Errorf("open state: %w", err))
	}
	return whole(d.file, d.path)
}

// whole reports whether the file is as long as what is kept in it: one that was cut off is told now, not by a fault
// later.
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

// Update implements engine.DB. In an overlay what a failed transaction did stays there.
func (d *DB) Update(fn func(engine.Tx) error) error {
	return d.guard(func() error {
		if d.overlay != nil {
			return fn(begun(d.overlay))
		}
		if d.file.IsReadOnly() {
			return engine.ErrGlance
		}
		return told(d.path, "write state", d.file.Update(func(t *bbolt.Tx) error { return fn(begun(t)) }))
	})
}

// Still implements engine.DB: nobody else gets the file while this process has it.
func (d *DB) Still() error { return nil }

// About implements engine.DB.
func (d *DB) About() engine.About { return engine.About{Name: d.path} }

// Close lets go of the file. What was done in an overlay is forgotten.
func (d *DB) Close() error {
	errs := []error{d.guard(d.close)}
	// whoever found it has said so; bbolt might wait for itself now, so the end of the process lets go
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
