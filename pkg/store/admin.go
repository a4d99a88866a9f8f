package store

import (
	"time"

	"helpdesk/pkg/store/bolt"
)

// cached is something found out that may be used for a while.
type cached struct {
	At    time.Time `json:"at"`
	Value []byte    `json:"value"`
}

// Cached returns what was kept under the name since the given time.
func (s *Store) Cached(name string, since time.Time) (value []byte, ok bool) {
	var c cached
	err := s.view(func(tx txn) error { _, err := get(tx, bCache, []byte(name), &c); return err })
	return c.Value, err == nil && c.Value != nil && !c.At.Before(since)
}

// Cache keeps what was found out, by name; nil forgets it.
func (s *Store) Cache(now time.Time, values map[string][]byte) error {
	return s.update(func(tx txn) error {
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
func (s *Store) Backup(path string) error { return s.db.(*bolt.DB).Backup(path) }

// Compact rewrites the file without its gaps and closes the store. It returns the size in bytes the file had and the one it
// has without them; where that is no less, the file stays as it is.
func (s *Store) Compact() (before, after int64, err error) { return s.db.(*bolt.DB).Compact() }
