// Command entries copies the entries of a state file into new files, again and again: by the interface that the state
// works over, or by bbolt itself, as the state did before there were two engines. What differs is the interface.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"helpdesk/pkg/store/bolt"
	"helpdesk/pkg/store/engine"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "entries:", err)
		os.Exit(1)
	}
}

// entry is what lies under a key of a bucket.
type entry struct {
	bucket     string
	key, value []byte
}

const (
	copies = 5  // of the state, each in a new file
	chunks = 20 // transactions of each
)

func run(args []string) error {
	if len(args) != 2 || args[0] != "bbolt" && args[0] != "engine" {
		return errors.New("usage: entries bbolt|engine STATE")
	}
	write := direct
	if args[0] == "engine" {
		write = through
	}
	all, err := read(args[1])
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "entries")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for n := range copies {
		if err := write(filepath.Join(dir, fmt.Sprint(n)), all); err != nil {
			return err
		}
	}
	return nil
}

// read returns the entries of a state in as many parts as there will be transactions, each with a share of every
// bucket.
func read(file string) ([chunks][]entry, error) {
	var all [chunks][]entry
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return all, err
	}
	defer db.Close()
	return all, db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			n, total := 0, b.Stats().KeyN
			return b.ForEach(func(key, value []byte) error {
				part := &all[n*chunks/total]
				*part = append(*part, entry{string(name), bytes.Clone(key), bytes.Clone(value)})
				n++
				return nil
			})
		})
	})
}

// errNotKept is an entry that is not as it was written.
var errNotKept = errors.New("an entry is not as it was written")

// direct writes by bbolt: each entry is looked for, written, and read again by the next transaction.
func direct(file string, all [chunks][]entry) error {
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Update(func(tx *bbolt.Tx) error { return prepare(tx, all) }); err != nil {
		return err
	}
	for i, part := range all {
		err := db.Update(func(tx *bbolt.Tx) error {
			for _, e := range part {
				b := tx.Bucket([]byte(e.bucket))
				if b.Get(e.key) != nil {
					return errNotKept
				}
				if err := b.Put(e.key, e.value); err != nil {
					return err
				}
			}
			for _, e := range all[max(i-1, 0)] {
				if !bytes.Equal(tx.Bucket([]byte(e.bucket)).Get(e.key), e.value) {
					return errNotKept
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(_, _ []byte) error { return nil })
		})
	})
}

// prepare makes the buckets.
func prepare(tx *bbolt.Tx, all [chunks][]entry) error {
	for _, part := range all {
		for _, e := range part {
			if _, err := tx.CreateBucketIfNotExists([]byte(e.bucket)); err != nil {
				return err
			}
		}
	}
	return nil
}

// through does the same by the interface.
func through(file string, all [chunks][]entry) error {
	db, err := bolt.Open(context.Background(), file, engine.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	names := map[string]bool{}
	for i, part := range all {
		err := db.Update(func(tx engine.Tx) error {
			for _, e := range part {
				b := tx.Bucket(e.bucket)
				names[e.bucket] = true
				if was, err := b.Get(e.key); err != nil || was != nil {
					return errors.Join(err, errNotKept)
				}
				if err := b.Put(e.key, e.value); err != nil {
					return err
				}
			}
			for _, e := range all[max(i-1, 0)] {
				if kept, err := tx.Bucket(e.bucket).Get(e.key); err != nil || !bytes.Equal(kept, e.value) {
					return errors.Join(err, errNotKept)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return db.View(func(tx engine.Tx) error {
		for name := range names {
			if err := tx.Bucket(name).Walk(nil, func(_, _ []byte) error { return nil }); err != nil {
				return err
			}
		}
		return nil
	})
}
