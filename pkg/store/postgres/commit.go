package postgres

import (
	"bytes"
	"encoding/binary"

	"github.com/jackc/pgx/v5/pgconn"
)

// divisionByZero is the code of the error with which the fence rejects a batch.
const divisionByZero = "22012"

// The type OIDs of PostgreSQL (pg_type.dat).
const (
	oidBytea, oidByteas = 17, 1001
	oidText, oidTexts   = 25, 1009
	oidInt8, oidInt8s   = 20, 1016
)

// commit sends the changes of a transaction as one batch: one round trip, and one transaction on the server. The first
// statement fails if another run has written since this run opened the state. The answer is left to settle.
func (d *DB) commit(t *tx) error {
	d.prune(t)
	if len(t.changed) == 0 && len(t.counted) == 0 {
		return nil
	}
	b := &pgconn.Batch{}
	b.ExecParams("with mine as (update "+d.schema+
		".fence set commits = commits + 1, at = now() where commits = $1 returning 1) "+
		"select 1 / count(*), pg_backend_pid() from mine", [][]byte{number(d.fence)}, []uint32{oidInt8}, []int16{1},
		[]int16{0, 0})
	if !d.packs && len(t.changed) > 0 {
		b.ExecParams(pack, nil, nil, nil, nil)
	}
	t.batch(b)
	answer, err := d.send(b)
	if err != nil {
		return err
	}
	d.unread = answer
	d.fence++
	d.packs = d.packs || len(t.changed) > 0
	for bucket, values := range t.changed {
		for key, value := range values {
			d.remember(bucket, key, value)
		}
	}
	for bucket, n := range t.counted {
		d.counts[bucket] = n
	}
	return nil
}

// settle reads the answer to the last commit. If the commit has failed, the cache is wrong, and the session can't be
// used any more.
func (d *DB) settle() error {
	answer := d.unread
	if answer == nil {
		return nil
	}
	d.unread = nil
	results, err := answer()
	if err != nil {
		if d.lost == nil {
			d.lost = err
		}
		return err
	}
	if rows := results[0].Rows; len(rows) == 1 && string(rows[0][1]) != d.backend {
		d.lost = d.pooled() // this commit was written, but the next one may go to a process without the lock
	}
	return d.lost
}

// prune drops changes to what is there already.
func (d *DB) prune(t *tx) {
	for bucket, values := range t.changed {
		s := d.shelf(bucket)
		for key, value := range values {
			old, known := s.known[key]
			if (known || s.whole) && (old.value == nil) == (value == nil) && bytes.Equal(old.value, value) {
				delete(values, key)
			}
		}
		if len(values) == 0 {
			delete(t.changed, bucket)
		}
	}
}

// pack makes the server compress long values in the way that takes it less time, if it has that way. Servers before
// version 14 and those built without it have no such choice.
const pack = "select set_config('default_toast_compression', 'lz4', false) from pg_settings " +
	"where name = 'default_toast_compression' and 'lz4' = any (enumvals)"

// batch appends the statements that write the changes.
func (t *tx) batch(b *pgconn.Batch) {
	var buckets, keys, values, goneBuckets, goneKeys, counters, counts [][]byte
	for bucket, all := range t.changed {
		for key, value := range all {
			if value == nil {
				goneBuckets, goneKeys = append(goneBuckets, []byte(bucket)), append(goneKeys, []byte(key))
				continue
			}
			buckets, keys, values = append(buckets, []byte(bucket)), append(keys, []byte(key)), append(values, value)
		}
	}
	for bucket, n := range t.counted {
		counters, counts = append(counters, []byte(bucket)), append(counts, number(n))
	}
	entries, counted := t.d.schema+".entries", t.d.schema+".counters"
	if len(goneKeys) > 0 {
		b.ExecParams("delete from "+entries+
			" e using unnest($1, $2) as gone (bucket, key) where e.bucket = gone.bucket and e.key = gone.key",
			[][]byte{array(oidText, goneBuckets), array(oidBytea, goneKeys)}, []uint32{oidTexts, oidByteas},
			[]int16{1, 1}, nil)
	}
	if len(keys) > 0 {
		b.ExecParams("insert into "+entries+
			" (bucket, key, value) select * from unnest($1, $2, $3) on conflict (bucket, key) "+
			"do update set value = excluded.value",
			[][]byte{array(oidText, buckets), array(oidBytea, keys), array(oidBytea, values)},
			[]uint32{oidTexts, oidByteas, oidByteas}, []int16{1, 1, 1}, nil)
	}
	if len(counts) > 0 {
		b.ExecParams("insert into "+counted+
			" (bucket, n) select * from unnest($1, $2) on conflict (bucket) do update set n = excluded.n",
			[][]byte{array(oidText, counters), array(oidInt8, counts)}, []uint32{oidTexts, oidInt8s}, []int16{1, 1},
			nil)
	}
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// array encodes a one-dimensional array in PostgreSQL's binary format (array_recv in its arrayfuncs.c).
func array(element uint32, values [][]byte) []byte {
	if len(values) == 0 {
		return binary.BigEndian.AppendUint32(make([]byte, 8), element)
	}
	size := 20
	for _, v := range values {
		size += 4 + len(v)
	}
	out := make([]byte, 0, size)
	// number of dimensions, no nulls, element type, length, first index
	for _, n := range []uint32{1, 0, element, uint32(len(values)), 1} {
		out = binary.BigEndian.AppendUint32(out, n)
	}
	for _, v := range values {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(v))), v...)
	}
	return out
}
