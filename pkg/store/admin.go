package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// cached is something found out that may be used for a while.
type cached struct {
	At    time.Time `json:"at"`
	Value []byte    `json:"value"`
}

// Cached returns what was kept under the name since the given time.
func (s *Store) Cached(name string, since time.Time) (value []byte, ok bool) {
	var c cached
	err := s.view(func(tx *bolt.Tx) error { _, err := get(tx, bCache, []byte(name), &c); return err })
	return c.Value, err == nil && c.Value != nil && !c.At.Before(since)
}

// Cache keeps what was found out, by name; nil forgets it.
func (s *Store) Cache(now time.Time, values map[string][]byte) error {
	return s.update(func(tx *bolt.Tx) error {
		for name, value := range values {
			var err error
			if value == nil {
				err = tx.Bucket(bCache).Delete([]byte(name))
			} else {
				err = put(tx, bCache, []byte(name), cached{At: now, Value: value})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Backup writes a copy of the state as it stands. A file of that name is replaced when the copy is whole, not before.
func (s *Store) Backup(path string) error { return s.backup(path) }

func (s *state) backup(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("back up state: %w", err)
	}
	err = s.view(func(tx *bolt.Tx) error { _, err := tx.WriteTo(f); return err })
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("back up state: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// Compact rewrites the file without its gaps and closes the store. It returns the size in bytes the file had and the one it
// has without them; where that is no less, the file stays as it is.
func (s *Store) Compact() (before, after int64, err error) {
	path, err := filepath.EvalSymlinks(s.path) // a link stays one
	if err != nil {
		return 0, 0, fmt.Errorf("compact state: %w", err)
	}
	tmp := path + ".compact"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, 0, fmt.Errorf("compact state: %w", err)
	}
	if err := errors.Join(s.rewrite(tmp), keepOwner(tmp, path)); err != nil {
		return 0, 0, fmt.Errorf("compact state: %w", errors.Join(err, os.Remove(tmp)))
	}
	before, after, err = sizes(path, tmp)
	if err == nil && after < before {
		err = s.replace(tmp, path)
	} else {
		err = errors.Join(err, os.Remove(tmp))
	}
	if err != nil {
		return 0, 0, fmt.Errorf("compact state: %w", err)
	}
	return before, after, s.Close()
}

// rewrite copies what is kept into another file.
func (s *Store) rewrite(path string) error {
	dst, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	err = s.guard(func() error { return bolt.Compact(dst, s.db, 64<<20) })
	return errors.Join(err, dst.Sync(), dst.Close())
}

// replace puts a file in the state's place. The lock is held until the rename is done, so that no run can write into the file
// that is being left behind; but Windows can't rename over an open file.
func (s *Store) replace(tmp, path string) error {
	if os.Rename(tmp, path) == nil {
		return nil
	}
	_ = s.Close()
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
