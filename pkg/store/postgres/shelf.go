package postgres

import "slices"

// place is a key in a bucket.
type place struct{ bucket, key string }

// shelf caches a bucket. Nobody else changes the bucket while this run has the lock.
type shelf struct {
	known map[string]kept
	whole bool     // the cache contains the complete bucket
	keys  []string // the existing keys in order, only if whole
}

// cache has the shelves by bucket.
type cache struct {
	shelves map[string]*shelf
	bytes   int  // size of the shelves
	age     int  // number of times that perAge bytes were put on the shelves
	young   int  // bytes put there since
	absent  bool // the tables do not exist and are not created
}

// kept is the value of a key in the cache.
type kept struct {
	value []byte // nil = the key does not exist
	age   int    // of the cache when the value was last read or written
}

const (
	// bytes on all shelves; if there are more, the older half is dropped before the next transaction
	mostKept  = 6 << 20
	perAge    = mostKept / 4
	wholeUpTo = 2 << 20   // largest bucket that is cached completely, in bytes
	largest   = 256 << 10 // largest cached value, in bytes
	firstPage = 200       // entries in the first request of a walk
	nextPages = 2000      // at most; each request asks for twice as many as the one before
	smallUpTo = 50        // entries of an announced bucket
	mostAhead = 5000      // keys in one request
)

func (c *cache) shelf(bucket string) *shelf {
	s := c.shelves[bucket]
	if s == nil {
		s = &shelf{known: map[string]kept{}, whole: c.absent}
		c.shelves[bucket] = s
	}
	return s
}

// remember caches the value of a key; nil = the key does not exist.
func (c *cache) remember(bucket, key string, value []byte) {
	s := c.shelf(bucket)
	if old, had := s.known[key]; had {
		c.bytes -= weight(key, old.value)
	}
	if len(value) > largest {
		delete(s.known, key)
		s.whole, s.keys = false, nil
		return
	}
	c.keep(s, key, value)
	if !s.whole {
		return
	}
	i, there := slices.BinarySearch(s.keys, key)
	switch {
	case value == nil && there:
		s.keys = slices.Delete(s.keys, i, i+1)
	case value != nil && !there:
		s.keys = slices.Insert(s.keys, i, key)
	}
}

// keep puts a value on a shelf that does not have the key.
func (c *cache) keep(s *shelf, key string, value []byte) {
	s.known[key] = kept{value, c.age}
	c.bytes += weight(key, value)
	if c.young += weight(key, value); c.young > perAge {
		c.age, c.young = c.age+1, 0
	}
}

// evict drops the values that were neither read nor written lately. What was announced for the work in hand stays.
func (c *cache) evict() {
	for _, s := range c.shelves {
		for key, k := range s.known {
			if k.age >= c.age-1 {
				continue
			}
			delete(s.known, key)
			c.bytes -= weight(key, k.value)
			if k.value != nil {
				s.whole, s.keys = false, nil
			}
		}
	}
}

// weight returns the memory that an entry of the cache takes, in bytes.
func weight(key string, value []byte) int { return len(key) + len(value) + 64 }

// cacheable reports whether a bucket with these entries is small enough to be cached.
func cacheable(rows [][][]byte) bool {
	size := 0
	for _, row := range rows {
		size += len(row[0]) + len(row[1])
		if len(row[1]) > largest {
			return false
		}
	}
	return size < wholeUpTo
}

// complete caches a bucket that has these entries and no others.
func (c *cache) complete(bucket string, rows [][][]byte) {
	for key, k := range c.shelf(bucket).known {
		c.bytes -= weight(key, k.value)
	}
	s := &shelf{known: map[string]kept{}, whole: true}
	for _, row := range rows {
		c.keep(s, string(row[0]), row[1])
		s.keys = append(s.keys, string(row[0]))
	}
	c.shelves[bucket] = s
}
