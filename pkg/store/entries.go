package store

import (
	"hash/maphash"
	"sync"

	json "github.com/go-json-experiment/json/v1"
)

// entries are the entries of the outbox as they were read last. Each round walks the whole outbox, and few entries are
// others than in the round before. An entry is taken from here only where its bytes are still the same, so transactions
// that fail and overlays need no care.
type entries struct {
	mu    sync.Mutex
	known map[uint64]decoded
	reads int // entries that had to be decoded
}

type decoded struct {
	sum   uint64 // of the bytes
	entry entry
}

// hashing is of this process alone: sums are not kept.
var hashing = maphash.MakeSeed()

// of returns the entry that raw holds.
func (k *entries) of(seq uint64, raw []byte) (entry, error) {
	sum := maphash.Bytes(hashing, raw)
	k.mu.Lock()
	defer k.mu.Unlock()
	if was, ok := k.known[seq]; ok && was.sum == sum {
		return was.entry, nil
	}
	k.reads++
	var e entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, err
	}
	if k.known == nil {
		k.known = map[uint64]decoded{}
	}
	k.known[seq] = decoded{sum, e}
	return e, nil
}

// forget lets go of an entry that is removed.
func (k *entries) forget(seq uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, seq)
}

// eachEntry calls fn with every entry of the outbox in its order, as each does.
func eachEntry(tx txn, fn func(e entry) error) error {
	return tx.Bucket(bOutbox).Walk(nil, func(key, raw []byte) error {
		e, err := tx.entries.of(numbered(key), raw)
		if err != nil {
			return unreadable(bOutbox, key, err)
		}
		return fn(e)
	})
}
