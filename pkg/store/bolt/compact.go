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

// Backup writes a copy of the state as it stands, and has fn change it. A file of that name is replaced when the copy
// is whole, not before.
func (d *DB) Backup(path string, fn func(*DB) error) error {
	return aside(path, d.saved, fn)
}

// saved fills a file with the state as it stands.
func (d *DB) saved(f *os.File) error { return d.guard(func() error { return d.write(f) }) }

func (d *DB) write(f *os.File) error {
	copied := func(tx *bbolt.Tx) error { _, err := tx.WriteTo(f); return err }
	if d.overlay != nil {
		return copied(d.overlay)
	}
	return d.file.View(copied)
}

// Aside has fn fill a new file, which takes the name of path when it is whole, not before.
func Aside(path string, fn func(*DB) error) error {
	return aside(path, func(*os.File) error { return nil }, fn) // bbolt takes an empty file for a new one
}

// abandoned is how long nothing has been written to a file aside that nobody will finish.
const abandoned = time.Hour

// aside has fill write a file and fn change the state in it, and gives it the name of path.
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

// Compact rewrites the file without its gaps and closes it. It returns the size in bytes the file had and the one it
// has without them; where that is no less, the file stays as it is.
func (d *DB) Compact() (before, after int64, err error) { return d.compact(false) }

// Rewrite is Compact of a file that is replaced in any case: what was removed may lie in its gaps.
func (d *DB) Rewrite() error {
	_, _, err := d.compact(true)
	return err
}

func (d *DB) compact(always bool) (before, after int64, err error) {
	path, err := filepath.EvalSymlinks(d.path) // a link stays one
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

// rewrite copies what is kept into another file.
func (d *DB) rewrite(path string) error {
	dst, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	err = d.guard(func() error { return bbolt.Compact(dst, d.file, 64<<20) })
	return errors.Join(err, dst.Sync(), dst.Close())
}

// replace puts a file in the state's place. The lock is held until the rename is done, so that no run can write into
// the file that is being left behind; but Windows can't rename over an open file.
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
