package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"helpdesk/pkg/store/engine"
)

// Backup writes a copy of the state and lets fn change the copy. An existing file of that name is replaced only when
// the copy is complete.
func (d *DB) Backup(path string, fn func(*DB) error) error {
	return aside(path, d.saved, fn)
}

// saved writes the current state to a file.
func (d *DB) saved(f *os.File) error { return d.guard(func() error { return d.write(f) }) }

func (d *DB) write(f *os.File) error {
	copied := func(tx *bbolt.Tx) error { _, err := tx.WriteTo(f); return err }
	if d.overlay != nil {
		return copied(d.overlay)
	}
	return d.file.View(copied)
}

// Aside creates a new file and lets fn fill it. The file gets the name of path only when it is complete.
func Aside(path string, fn func(*DB) error) error {
	return aside(path, func(*os.File) error { return nil }, fn) // bbolt treats an empty file as a new one
}

// abandoned is the age of the last write after which a temporary file is considered abandoned.
const abandoned = time.Hour

// aside creates a temporary file, lets fill write it and fn change the state in it, and renames it to path.
func aside(path string, fill func(*os.File) error, fn func(*DB) error) error {
	sweep(path, abandoned)
	f, err := beside(path)
	if err != nil {
		return fmt.Errorf("back up state: %w", err)
	}
	if err = errors.Join(fill(f), f.Sync(), f.Close()); err == nil {
		err = changed(f.Name(), fn)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("back up state: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

func changed(path string, fn func(*DB) error) error {
	to, err := Open(context.Background(), path, engine.Options{})
	if err != nil {
		return err
	}
	return errors.Join(fn(to), to.Close())
}

// Compact rewrites the file without its gaps and closes it. It returns the size in bytes before and after. If the file
// would not become smaller, it stays as it is.
func (d *DB) Compact() (before, after int64, err error) { return d.compact(false) }

// Rewrite is like Compact, but always replaces the file: removed data may remain in its gaps.
func (d *DB) Rewrite() error {
	_, _, err := d.compact(true)
	return err
}

func (d *DB) compact(always bool) (before, after int64, err error) {
	path, err := filepath.EvalSymlinks(d.path) // a symbolic link remains a link
	if err != nil {
		return 0, 0, fmt.Errorf("compact state: %w", err)
	}
	tmp := path + ".compact"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, 0, fmt.Errorf("compact state: %w", err)
	}
	if err := errors.Join(d.rewrite(tmp), keepOwner(tmp, path)); err != nil {
		return 0, 0, fmt.Errorf("compact state: %w", errors.Join(err, os.Remove(tmp)))
	}
	before, after, err = sizes(path, tmp)
	if err == nil && (always || after < before) {
		err = d.replace(tmp, path)
	} else {
		err = errors.Join(err, os.Remove(tmp))
	}
	if err != nil {
		return 0, 0, fmt.Errorf("compact state: %w", err)
	}
	return before, after, d.Close()
}

// rewrite copies the entries to another file.
func (d *DB) rewrite(path string) error {
	dst, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	err = d.guard(func() error { return bbolt.Compact(dst, d.file, 64<<20) })
	return errors.Join(err, dst.Sync(), dst.Close())
}

// replace renames tmp to path. The lock is kept until the rename is done, so that no run can write to the old file.
// Windows cannot rename over an open file, so there the file is closed first.
func (d *DB) replace(tmp, path string) error {
	if os.Rename(tmp, path) == nil {
		return nil
	}
	_ = d.Close()
	return os.Rename(tmp, path)
}

func sizes(a, b string) (int64, int64, error) {
	ia, err := os.Stat(a)
	if err != nil {
		return 0, 0, err
	}
	ib, err := os.Stat(b)
	if err != nil {
		return 0, 0, err
	}
	return ia.Size(), ib.Size(), nil
}
