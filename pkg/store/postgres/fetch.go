package postgres

import (
	"encoding/binary"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// fetch reads a key together with the announced keys and buckets.
func (d *DB) fetch(first place) error {
	if d.absent {
		return nil
	}
	wanted, b := d.wanted(first), &pgconn.Batch{}
	var buckets, keys [][]byte
	for _, p := range wanted {
		buckets, keys = append(buckets, []byte(p.bucket)), append(keys, []byte(p.key))
	}
	b.ExecParams("select e.bucket, e.key, e.value from unnest($1, $2) as k (bucket, key) join "+d.schema+
		".entries e on e.bucket = k.bucket and e.key = k.key", [][]byte{array(oidText, buckets), array(oidBytea, keys)},
		[]uint32{oidTexts, oidByteas}, []int16{1, 1}, []int16{1, 1, 1})
	small := slices.Sorted(maps.Keys(d.small))
	clear(d.small)
	for _, bucket := range small {
		d.selectPage(b, bucket, "", smallUpTo)
	}
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
	for i, bucket := range small {
		if rows := results[1+i].Rows; len(rows) < smallUpTo && cacheable(rows) {
			d.complete(bucket, rows)
		}
	}
	return nil
}

// wanted returns a key and those of the announced keys that are not in the cache.
func (d *DB) wanted(first place) []place {
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
	return wanted
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
	var all [][][]byte
	whole := from == ""
	for page := firstPage; ; page = min(2*page, nextPages) {
		rows, err := d.page(bucket, from, page)
		if err != nil {
			return err
		}
		if whole {
			all = append(all, rows...)
			whole = cacheable(all)
		}
		for _, row := range rows {
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
		d.complete(bucket, all)
	}
	return nil
}

// page reads entries of a bucket in order, from a key on.
func (d *DB) page(bucket, from string, most int) ([][][]byte, error) {
	b := &pgconn.Batch{}
	d.selectPage(b, bucket, from, most)
	results, err := d.query(b)
	if err != nil {
		return nil, err
	}
	return results[0].Rows, nil
}

func (d *DB) selectPage(b *pgconn.Batch, bucket, from string, most int) {
	b.ExecParams("select key, value from "+d.schema+".entries where bucket = $1 and key >= $2 order by key limit "+
		strconv.Itoa(most),
		[][]byte{[]byte(bucket), []byte(from)}, []uint32{oidText, oidBytea}, []int16{1, 1}, []int16{1, 1})
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
