package postgres

import (
	"errors"
	"maps"
	"slices"

	"helpdesk/pkg/store/engine"
)

// changes are unsent values by bucket and key; nil = deleted.
type changes map[string]map[string][]byte

func (c changes) put(bucket, key string, value []byte) {
	if c[bucket] == nil {
		c[bucket] = map[string][]byte{}
	}
	c[bucket][key] = value
}

// tx is a transaction. Its changes are sent when it ends.
type tx struct {
	d       *DB
	changed changes
	counted map[string]uint64
	holds   bool // it has d.mu
}

// lock takes d.mu if the transaction does not have it, and returns a function that releases it again.
func (t *tx) lock() (release func()) {
	if t.holds {
		return func() {}
	}
	t.d.mu.Lock()
	t.holds = true
	return func() {
		t.holds = false
		t.d.mu.Unlock()
	}
}

// View implements engine.DB.
func (d *DB) View(fn func(engine.Tx) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	return fn(&tx{d, changes{}, map[string]uint64{}, true})
}

// Update implements engine.DB.
func (d *DB) Update(fn func(engine.Tx) error) error {
	if err := d.Later(fn); err != nil {
		return err
	}
	return d.Flush()
}

// Flush implements engine.DB.
func (d *DB) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	return d.settle()
}

// Later implements engine.DB. It has d.mu only while it reads and while it sends, so that View need not wait for fn.
func (d *DB) Later(fn func(engine.Tx) error) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	t := &tx{d, changes{}, map[string]uint64{}, false}
	if err := t.begin(); err != nil {
		return err
	}
	if err := fn(t); err != nil {
		return err
	}
	defer t.lock()()
	if d.overlay {
		for bucket, values := range t.changed {
			for key, value := range values {
				d.over.put(bucket, key, value)
			}
		}
		for bucket, n := range t.counted {
			d.counts[bucket] = n
		}
		return nil
	}
	return d.commit(t)
}

func (t *tx) begin() error {
	defer t.lock()()
	return t.d.usable()
}

// usable returns the reason why the session cannot be used any more, nil if it can. It also makes room on the shelves.
func (d *DB) usable() error {
	if d.lost == nil && d.conn == nil {
		return errors.New("the state is closed")
	}
	if d.bytes > mostKept {
		d.evict()
	}
	return d.lost
}

// Bucket implements engine.Tx.
func (t *tx) Bucket(name string) engine.Bucket { return bucket{t, name} }

type bucket struct {
	*tx
	name string
}

func (b bucket) Get(key []byte) ([]byte, error) {
	defer b.lock()()
	k := string(key)
	if value, ok := b.change(k); ok {
		return value, nil
	}
	s := b.d.shelf(b.name)
	if known, ok := s.known[k]; ok || s.whole {
		if ok && known.age != b.d.age {
			s.known[k] = kept{known.value, b.d.age}
		}
		return known.value, nil
	}
	if err := b.d.fetch(place{b.name, k}); err != nil {
		return nil, err
	}
	return b.d.fetched(place{b.name, k}), nil
}

// change returns the value of a key that was changed in this transaction or in the overlay.
func (b bucket) change(key string) ([]byte, bool) {
	if value, ok := b.changed[b.name][key]; ok {
		return value, true
	}
	value, ok := b.d.over[b.name][key]
	return value, ok
}

func (b bucket) Put(key, value []byte) error {
	if len(key) == 0 {
		return errors.New("an empty key")
	}
	b.changed.put(b.name, string(key), append([]byte{}, value...))
	return nil
}

func (b bucket) Delete(key []byte) error {
	b.changed.put(b.name, string(key), nil)
	return nil
}

func (b bucket) Count(by uint64) (uint64, error) {
	defer b.lock()()
	n, ok := b.counted[b.name]
	if !ok {
		if err := b.d.readCounts(); err != nil {
			return 0, err
		}
		n = b.d.counts[b.name]
	}
	if by > 0 {
		b.counted[b.name] = n + by
	}
	return n + by, nil
}

func (b bucket) Ahead(keys ...[]byte) {
	defer b.lock()()
	if len(keys) == 0 {
		b.d.small[b.name] = true
	}
	for _, key := range keys {
		if _, changed := b.change(string(key)); !changed {
			b.d.ahead[place{b.name, string(key)}] = true
		}
	}
}

// Walk merges the entries on the server with the unsent changes.
func (b bucket) Walk(from []byte, fn func(key, value []byte) error) error {
	defer b.lock()()
	changed := b.changesFrom(string(from))
	next := func() error {
		key := changed[0]
		changed = changed[1:]
		value, _ := b.change(key)
		if value == nil {
			return nil
		}
		return fn([]byte(key), value)
	}
	err := b.d.walk(b.name, string(from), func(key string, value []byte) error {
		for len(changed) > 0 && changed[0] < key {
			if err := next(); err != nil {
				return err
			}
		}
		if len(changed) > 0 && changed[0] == key {
			return next()
		}
		return fn([]byte(key), value)
	})
	for err == nil && len(changed) > 0 {
		err = next()
	}
	if errors.Is(err, engine.ErrStop) {
		return nil
	}
	return err
}

// changesFrom returns the changed keys from the given one on, in order.
func (b bucket) changesFrom(from string) []string {
	keys := map[string]bool{}
	for _, c := range []changes{b.d.over, b.changed} {
		for key := range c[b.name] {
			if key >= from {
				keys[key] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}
