package bolt

import (
	"errors"

	"go.etcd.io/bbolt"

	"helpdesk/pkg/store/engine"
)

// tx is a bbolt transaction.
type tx struct {
	*bbolt.Tx
	open map[string]*bucket // buckets opened so far: callers ask for a bucket with every entry
}

func begun(t *bbolt.Tx) tx { return tx{t, map[string]*bucket{}} }

// Bucket implements engine.Tx. The bucket is created by its first Put.
func (t tx) Bucket(name string) engine.Bucket {
	b := t.open[name]
	if b == nil {
		b = &bucket{t.Tx, name, t.Tx.Bucket([]byte(name))}
		t.open[name] = b
	}
	return b
}

type bucket struct {
	tx   *bbolt.Tx
	name string
	kept *bbolt.Bucket // nil if not created yet
}

func (b *bucket) made() (err error) {
	if b.kept == nil {
		b.kept, err = b.tx.CreateBucketIfNotExists([]byte(b.name))
	}
	return err
}

func (b *bucket) Get(key []byte) ([]byte, error) {
	if b.kept == nil {
		return nil, nil
	}
	return b.kept.Get(key), nil
}

func (b *bucket) Put(key, value []byte) error {
	if err := b.made(); err != nil {
		return err
	}
	return b.kept.Put(key, value)
}

func (b *bucket) Delete(key []byte) error {
	if b.kept == nil {
		return nil
	}
	return b.kept.Delete(key)
}

func (b *bucket) Count(by uint64) (uint64, error) {
	switch {
	case by == 0 && b.kept == nil:
		return 0, nil
	case by == 0:
		return b.kept.Sequence(), nil
	}
	if err := b.made(); err != nil {
		return 0, err
	}
	n := b.kept.Sequence() + by
	return n, b.kept.SetSequence(n)
}

func (b *bucket) Walk(from []byte, fn func(key, value []byte) error) error {
	if b.kept == nil {
		return nil
	}
	c := b.kept.Cursor()
	key, value := c.First()
	if len(from) > 0 {
		key, value = c.Seek(from)
	}
	for ; key != nil; key, value = c.Next() {
		if err := fn(key, value); errors.Is(err, engine.ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (b *bucket) Ahead(...[]byte) {}
