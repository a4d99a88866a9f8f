package postgres

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// place is a key in a bucket.
type place struct{ bucket, key string }

// shelf caches a bucket. Nobody else changes the bucket while this run has the lock.
type shelf struct {
	known map[string]kept
	whole bool     // the cache contains the complete bucket
	keys  []string // the existing keys in order, only if whole
}

// kept is the value of a key in the cache.
type kept struct {
	value []byte // nil = the key does not exist
	age   int    // of the cache when the value was last read or written
}

const (
	// bytes on all shelves; if there are more, the older half is dropped before the next transaction
	mostKept  = 8 << 20
	perAge    = mostKept / 4
	wholeUpTo = 2 << 20   // largest bucket that is cached completely, in bytes
	largest   = 256 << 10 // largest cached value, in bytes
	firstPage = 200       // entries in the first request of a walk
	nextPages = 2000      // at most; each request asks for twice as many as the one before
	mostAhead = 5000      // keys in one request
)

func (d *DB) shelf(bucket string) *shelf {
	s := d.shelves[bucket]
	if s == nil {
		s = &shelf{known: map[string]kept{}, whole: d.absent}
		d.shelves[bucket] = s
	}
	return s
}

// remember caches the value of a key; nil = the key does not exist.
func (d *DB) remember(bucket, key string, value []byte) {
	s := d.shelf(bucket)
	if old, had := s.known[key]; had {
		d.bytes -= weight(key, old.value)
	}
	if len(value) > largest {
		delete(s.known, key)
		s.whole, s.keys = false, nil
		return
	}
	d.keep(s, key, value)
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
func (d *DB) keep(s *shelf, key string, value []byte) {
	s.known[key] = kept{value, d.age}
	d.bytes += weight(key, value)
	if d.young += weight(key, value); d.young > perAge {
		d.age, d.young = d.age+1, 0
	}
}

// evict drops the values that were neither read nor written lately. What was announced for the work in hand stays.
func (d *DB) evict() {
	for _, s := range d.shelves {
		for key, k := range s.known {
			if k.age >= d.age-1 {
				continue
			}
			delete(s.known, key)
			d.bytes -= weight(key, k.value)
			if k.value != nil {
				s.whole, s.keys = false, nil
			}
		}
	}
}

// weight returns the memory that an entry of the cache takes, in bytes.
func weight(key string, value []byte) int { return len(key) + len(value) + 64 }

// fetch reads a key together with the announced keys.
func (d *DB) fetch(first place) error {
	if d.absent {
		return nil
	}
	wanted := []place{first}
	for p := range d.ahead {
		delete(d.ahead, p)
		s := d.shelf(p.bucket)
		if _, known := s.known[p.key]; !known && !s.whole && p != first {
			wanted = append(wanted, p)
		}
		if len(wanted) == mostAhead {
			break
		}
	}
	var buckets, keys [][]byte
	for _, p := range wanted {
		buckets, keys = append(buckets, []byte(p.bucket)), append(keys, []byte(p.key))
	}
	b := &pgconn.Batch{}
	b.ExecParams("select e.bucket, e.key, e.value from unnest($1, $2) as k (bucket, key) join "+d.schema+
		".entries e on e.bucket = k.bucket and e.key = k.key", [][]byte{array(oidText, buckets), array(oidBytea, keys)},
		[]uint32{oidTexts, oidByteas}, []int16{1, 1}, []int16{1, 1, 1})
	results, err := d.query(b)
	if err != nil {
		return err
	}
	for _, p := range wanted {
		d.remember(p.bucket, p.key, nil)
	}
	d.large = map[place][]byte{}
	for _, row := range results[0].Rows {
		p := place{string(row[0]), string(row[1])}
		d.remember(p.bucket, p.key, row[2])
		if len(row[2]) > largest {
			d.large[p] = row[2]
		}
	}
	return nil
}

// fetched returns a value that fetch has just read.
func (d *DB) fetched(p place) []byte {
	if value, ok := d.large[p]; ok {
		delete(d.large, p)
		return value
	}
	return d.shelf(p.bucket).known[p.key].value
}

// walk calls fn with every entry on the server from a key on. It caches a small bucket that it has walked completely.
func (d *DB) walk(bucket, from string, fn func(key string, value []byte) error) error {
	if s := d.shelf(bucket); s.whole {
		i, _ := slices.BinarySearch(s.keys, from)
		for _, key := range slices.Clone(s.keys[i:]) { // fn may read keys that change the shelf
			if err := fn(key, s.known[key].value); err != nil {
				return err
			}
		}
		return nil
	}
	var all [][2][]byte
	size, whole := 0, from == ""
	for page := firstPage; ; page = min(2*page, nextPages) {
		rows, err := d.page(bucket, from, page)
		if err != nil {
			return err
		}
		for _, row := range rows {
			size += len(row[0]) + len(row[1])
			whole = whole && size < wholeUpTo && len(row[1]) <= largest
			if whole {
				all = append(all, [2][]byte{row[0], row[1]})
			} else {
				all = nil
			}
			if err := fn(string(row[0]), row[1]); err != nil {
				return err
			}
		}
		if len(rows) < page {
			break
		}
		from = string(rows[len(rows)-1][0]) + "\x00"
	}
	if whole {
		for key, k := range d.shelf(bucket).known {
			d.bytes -= weight(key, k.value)
		}
		s := &shelf{known: map[string]kept{}, whole: true}
		for _, e := range all {
			d.keep(s, string(e[0]), e[1])
			s.keys = append(s.keys, string(e[0]))
		}
		d.shelves[bucket] = s
	}
	return nil
}

func (d *DB) page(bucket, from string, most int) ([][][]byte, error) {
	b := &pgconn.Batch{}
	b.ExecParams("select key, value from "+d.schema+".entries where bucket = $1 and key >= $2 order by key limit "+
		strconv.Itoa(most),
		[][]byte{[]byte(bucket), []byte(from)}, []uint32{oidText, oidBytea}, []int16{1, 1}, []int16{1, 1})
	results, err := d.query(b)
	if err != nil {
		return nil, err
	}
	return results[0].Rows, nil
}

// readCounts reads all counters, once per session.
func (d *DB) readCounts() error {
	if d.counts != nil {
		return nil
	}
	counts := map[string]uint64{}
	if !d.absent {
		b := &pgconn.Batch{}
		b.ExecParams("select bucket, n from "+d.schema+".counters", nil, nil, nil, []int16{1, 1})
		results, err := d.query(b)
		if err != nil {
			return err
		}
		for _, row := range results[0].Rows {
			counts[string(row[0])] = binary.BigEndian.Uint64(row[1])
		}
	}
	d.counts = counts
	return nil
}
