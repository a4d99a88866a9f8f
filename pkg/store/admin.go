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
func (s *Store) Backup(path string) error {
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

// Compact rewrites the state file at path without its gaps, and returns its size in bytes before and after.
func Compact(path string, wait time.Duration) (before, after int64, err error) {
	src, err := Open(path, Options{Wait: wait})
	if err != nil {
		return 0, 0, err
	}
	defer src.Close()
	tmp := path + ".compact"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, 0, fmt.Errorf("compact state: %w", err)
	}
	dst, err := bolt.Open(tmp, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return 0, 0, fmt.Errorf("compact state: %w", err)
	}
	err = src.guard(func() error { return bolt.Compact(dst, src.db, 64<<20) })
	err = errors.Join(err, dst.Sync(), dst.Close())
	if err != nil {
		return 0, 0, fmt.Errorf("compact state: %w", errors.Join(err, os.Remove(tmp)))
	}
	if before, after, err = sizes(path, tmp); err != nil {
		return 0, 0, err
	}
	// The lock is held until the rename is done, so that no run can write into the file that is being left behind; but
	// Windows can't rename over an open file.
	if err := os.Rename(tmp, path); err != nil {
		_ = src.Close()
		err = os.Rename(tmp, path)
		if err != nil {
			return 0, 0, fmt.Errorf("compact state: %w", err)
		}
	}
	return before, after, nil
}

func sizes(a, b string) (int64, int64, error) {
	ia, err := os.Stat(a)
	if err != nil {
		return 0, 0, fmt.Errorf("compact state: %w", err)
	}
	ib, err := os.Stat(b)
	if err != nil {
		return 0, 0, fmt.Errorf("compact state: %w", err)
	}
	return ia.Size(), ib.Size(), nil
}
