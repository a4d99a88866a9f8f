package store

import (
	"context"
	"errors"
	"fmt"

	"helpdesk/pkg/store/engine"
	"helpdesk/pkg/store/postgres"
)

// Name returns the address of a state without secrets.
func Name(address string) string {
	if postgres.Is(address) {
		return postgres.Name(address)
	}
	return address
}

// Remote reports whether an address is that of a database and not the path of a file.
func Remote(address string) bool { return postgres.Is(address) }

// Keys in the bucket meta for a copy: kCopying is in the target while the copy runs, kMoved is in the source when it is
// done.
var (
	kCopying = []byte("copying")
	kMoved   = []byte("moved")
)

// Copy copies a state to an address that has no state yet, and marks the old one as moved, so that it cannot be opened
// again. Both states are locked during the copy. An interrupted copy can be repeated.
func Copy(ctx context.Context, from, to string, o Options) (err error) {
	src, err := OpenContext(ctx, from, Options{Made: true, Wait: o.Wait, Command: o.Command, Used: o.Used})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if err := src.compare(Options{Used: o.Used, Writes: o.Writes}, false); err != nil {
		return err
	}
	dst, err := openEngine(ctx, to, Options{Wait: o.Wait, Command: o.Command})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if err := vacate(dst); err != nil {
		return err
	}
	if err := copyAll(dst, src.db); err != nil {
		return err
	}
	err = dst.Update(func(tx engine.Tx) error {
		meta := tx.Bucket(bMeta)
		return errors.Join(meta.Put([]byte("line"), []byte(dst.About().Line)), meta.Delete(kCopying))
	})
	if err != nil {
		return fmt.Errorf("copy state: %w", err)
	}
	return src.update(func(tx txn) error { return tx.Bucket(bMeta).Put(kMoved, []byte(dst.About().Name)) })
}

// vacate removes an unfinished copy from the target of a copy. It returns an error if the target has a complete state.
func vacate(db engine.DB) error {
	return db.Update(func(tx engine.Tx) error {
		unfinished, err := tx.Bucket(bMeta).Get(kCopying)
		if err != nil {
			return err
		}
		for _, name := range buckets {
			keys, err := keysOf(tx, name)
			if err != nil {
				return err
			}
			if len(keys) > 0 && unfinished == nil {
				return engine.Setup("copy state to %s: there is a state already: remove it first, or choose another "+
					"place", db.About().Name)
			}
			for _, key := range keys {
				if err := tx.Bucket(name).Delete(key); err != nil {
					return err
				}
			}
		}
		return tx.Bucket(bMeta).Put(kCopying, []byte("yes"))
	})
}

func keysOf(tx engine.Tx, name string) (keys [][]byte, err error) {
	err = tx.Bucket(name).Walk(nil, func(key, _ []byte) error {
		keys = append(keys, append([]byte(nil), key...))
		return nil
	})
	return keys, err
}

// Inspect returns findings about the database for people, including settings that should be changed. A file has no
// findings.
func (s *Store) Inspect(ctx context.Context) ([]engine.Finding, error) {
	if db, ok := s.db.(interface {
		Inspect(context.Context) ([]engine.Finding, error)
	}); ok {
		return db.Inspect(ctx)
	}
	return nil, nil
}

// Holder returns the run that has the lock at the moment, as far as the database knows.
func (s *Store) Holder() (engine.Held, bool) {
	if db, ok := s.db.(interface{ Holder() (engine.Held, bool) }); ok {
		return db.Holder()
	}
	return engine.Held{}, false
}
