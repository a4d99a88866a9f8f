package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"helpdesk/pkg/store/bolt"
	"helpdesk/pkg/store/engine"
)

// cached is something found out that may be used for a while.
type cached struct {
	At    time.Time `json:"at"`
	Value []byte    `json:"value"`
}

// Cached returns what was kept under the name since the given time.
func (s *Store) Cached(name string, since time.Time) (value []byte, ok bool) {
	value = s.Recall(map[string]time.Time{name: since})[name]
	return value, value != nil
}

// Recall is Cached for several names: it returns the values of those that were kept since the time of each.
func (s *Store) Recall(since map[string]time.Time) map[string][]byte {
	values := map[string][]byte{}
	_ = s.view(func(tx txn) error { // what can't be read is found out again
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

// Backup writes a copy of the state as it stands into a file, whatever the state lies in. A file of that name is
// replaced when the copy is whole, not before. Whoever opens the copy finds that it may have forgotten what was done.
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

// ErrServer says that a server does by itself what was asked.
var ErrServer = errors.New("the server does that by itself")

// Compact rewrites the file without its gaps and closes the store. It returns the size in bytes the file had and the
// one it has without them; where that is no less, the file stays as it is. In a database nothing is done: ErrServer.
func (s *Store) Compact() (before, after int64, err error) {
	file, ok := s.db.(*bolt.DB)
	if !ok {
		return 0, 0, ErrServer
	}
	return file.Compact()
}

// Rewrite writes the file anew, so that what was removed is nowhere in it, and closes the store. In a database the
// server's own cleaning does that.
func (s *Store) Rewrite() error {
	if file, ok := s.db.(*bolt.DB); ok {
		return errors.Join(s.settle(), file.Rewrite())
	}
	return s.Close()
}

// copied is how many bytes go into one transaction.
const copied = 8 << 20

// copyAll copies everything, and what the buckets have counted; what the state says of itself comes last.
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
