package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"helpdesk/pkg/store/bolt"
	"helpdesk/pkg/store/engine"
	"helpdesk/pkg/store/postgres"
)

// cached is a looked-up value that may be reused for a while.
type cached struct {
	At    time.Time `json:"at"`
	Value []byte    `json:"value"`
}

// Cached returns the value of the name if it was stored at or after the given time.
func (s *Store) Cached(name string, since time.Time) (value []byte, ok bool) {
	value = s.Recall(map[string]time.Time{name: since})[name]
	return value, value != nil
}

// Recall is Cached for several names, each with its own time. Missing or older values are left out.
func (s *Store) Recall(since map[string]time.Time) map[string][]byte {
	values := map[string][]byte{}
	_ = s.view(func(tx txn) error { // an unreadable value is looked up again
		for name := range since {
			tx.Bucket(bCache).Ahead([]byte(name))
		}
		for name, at := range since {
			var c cached
			if ok, err := get(tx, bCache, []byte(name), &c); err == nil && ok && !c.At.Before(at) {
				values[name] = c.Value
			}
		}
		return nil
	})
	return values
}

// Cache stores looked-up values by name; a nil value deletes the name.
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

// Backup writes a copy of the state to a file, from a file or a database alike. An existing file of that name is
// replaced only when the copy is complete. Opening the copy raises a Doubt, because the copy may lack what was done
// later.
func (s *Store) Backup(path string) error { return s.backup(path) }

func (s *state) backup(path string) error {
	at, err := s.now().MarshalText()
	if err != nil {
		return fmt.Errorf("back up state: %w", err)
	}
	mark := func(to *bolt.DB) error {
		return to.Update(func(tx engine.Tx) error { return tx.Bucket(bMeta).Put(kBackup, at) })
	}
	if file, ok := s.db.(*bolt.DB); ok {
		return file.Backup(path, mark)
	}
	return bolt.Aside(path, func(to *bolt.DB) error { return errors.Join(copyAll(to, s.db), mark(to)) })
}

// ErrServer says that the database server does the requested work by itself.
var ErrServer = errors.New("the server does that by itself")

// Compact rewrites the file without its gaps and closes the store. It returns the size in bytes before and after. If
// the file would not become smaller, it stays as it is. For a database Compact does nothing and returns ErrServer.
func (s *Store) Compact() (before, after int64, err error) {
	file, ok := s.db.(*bolt.DB)
	if !ok {
		return 0, 0, ErrServer
	}
	return file.Compact()
}

// Rewrite writes the file or the table of the database anew, so that removed data does not remain in its gaps, and
// closes the store.
func (s *Store) Rewrite() error {
	switch db := s.db.(type) {
	case *bolt.DB:
		return errors.Join(s.settle(), db.Rewrite())
	case *postgres.DB:
		return errors.Join(s.settle(), db.Rewrite(), s.Close())
	}
	return s.Close()
}

// copied is the size of one transaction of a copy, in bytes.
const copied = 8 << 20

// copyAll copies all buckets with their counters. The bucket meta comes last.
func copyAll(to, from engine.DB) error {
	return from.View(func(src engine.Tx) error {
		for _, name := range append(slices.Clone(buckets[1:]), bMeta) {
			if err := copyBucket(to, src, name); err != nil {
				return fmt.Errorf("copy %s: %w", name, err)
			}
		}
		return nil
	})
}

func copyBucket(to engine.DB, src engine.Tx, name string) error {
	var (
		part [][2][]byte
		size int
	)
	write := func() error {
		err := to.Update(func(dst engine.Tx) error {
			for _, e := range part {
				if err := dst.Bucket(name).Put(e[0], e[1]); err != nil {
					return err
				}
			}
			return nil
		})
		part, size = nil, 0
		return err
	}
	err := src.Bucket(name).Walk(nil, func(key, value []byte) error {
		part = append(part, [2][]byte{key, value})
		if size += len(key) + len(value); size < copied {
			return nil
		}
		return write()
	})
	if err == nil {
		err = write()
	}
	n, cerr := src.Bucket(name).Count(0)
	if err = errors.Join(err, cerr); err != nil {
		return err
	}
	return to.Update(func(dst engine.Tx) error {
		was, err := dst.Bucket(name).Count(0)
		if err == nil && was < n {
			_, err = dst.Bucket(name).Count(n - was)
		}
		return err
	})
}
