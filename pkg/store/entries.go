package store

import (
	"hash/maphash"
	"sync"

	json "github.com/go-json-experiment/json/v1"
)

// entries caches the decoded entries of the outbox. Each round reads the whole outbox, and few entries change between
// rounds. A cached entry is used only if its bytes are still the same, so failed transactions and overlays need no
// special care.
type entries struct {
	mu    sync.Mutex
	known map[uint64]decoded
	reads int // number of entries that had to be decoded
}

type decoded struct {
	sum   uint64 // of the bytes
	entry entry
}

// hashing is the seed of the sums. It differs in each process, and sums are never stored.
var hashing = maphash.MakeSeed()

// of returns the entry encoded in raw.
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

// forget removes an entry from the cache.
func (k *entries) forget(seq uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, seq)
}

// eachEntry calls fn with every entry of the outbox in order, as each does, but uses the cache.
func eachEntry(tx txn, fn func(e entry) error) error {
	return tx.Bucket(bOutbox).Walk(nil, func(key, raw []byte) error {
		e, err := tx.entries.of(numbered(key), raw)
		if err != nil {
			return unreadable(bOutbox, key, err)
		}
		return fn(e)
	})
}
