package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/store/engine"
)

// A reader need not wait for a transaction that is still being decided, and sees nothing of it.
func TestAViewDoesNotWaitForADecision(t *testing.T) {
	d := open(t, fresh(t), engine.Options{})
	if err := put(d, "a", "before"); err != nil {
		t.Fatal(err)
	}
	err := d.Update(func(tx engine.Tx) error {
		if err := tx.Bucket("b").Put([]byte("a"), []byte("after")); err != nil {
			return err
		}
		seen := make(chan error, 1)
		go func() {
			got, err := get(d, "a")
			if got != "before" {
				err = errors.Join(err, fmt.Errorf("the reader sees %q", got))
			}
			seen <- err
		}()
		select {
		case err := <-seen:
			return err
		case <-time.After(time.Minute):
			return errors.New("the reader waits for the transaction")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := get(d, "a"); got != "after" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// What was announced last stays in the cache however much was read before, and the cache stays small.
func TestTheCacheKeepsWhatWasReadLast(t *testing.T) {
	address := fresh(t)
	const size, n = 100 << 10, 6 * mostKept / (100 << 10)
	key := func(i int) []byte { return fmt.Appendf(nil, "%05d", i) }
	d := open(t, address, engine.Options{})
	for i := range n {
		if err := put(d, string(key(i)), strings.Repeat("x", size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, address, engine.Options{})
	const together = 5 // less than an age
	for i := 0; i+together <= n; i += together {
		before := d.About().Trips
		for read := range 2 * together { // each is read twice, in transactions of their own
			err := d.View(func(tx engine.Tx) error {
				b := tx.Bucket("b")
				if read == 0 {
					for k := range together {
						b.Ahead(key(i + k))
					}
				}
				value, err := b.Get(key(i + read%together))
				if len(value) != size {
					t.Errorf("%d bytes", len(value))
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if asked := d.About().Trips - before; asked != 1 {
			t.Fatalf("values %d to %d took %d questions", i, i+together, asked)
		}
		if most := mostKept + together*(size+100); d.bytes > most {
			t.Fatalf("the cache has %d bytes, more than %d", d.bytes, most)
		}
	}
	if kept := count(d); kept != d.bytes {
		t.Errorf("the cache counts %d bytes, and has %d", d.bytes, kept)
	}
}

// count returns the size of the shelves.
func count(d *DB) (bytes int) {
	for _, s := range d.shelves {
		for key, k := range s.known {
			bytes += weight(key, k.value)
		}
	}
	return bytes
}

// A change to what is there already is not sent.
func TestWhatDoesNotChangeIsNotSent(t *testing.T) {
	d := open(t, fresh(t), engine.Options{})
	if err := put(d, "a", "one"); err != nil {
		t.Fatal(err)
	}
	before := d.About().Trips
	err := d.Update(func(tx engine.Tx) error {
		b := tx.Bucket("b")
		if _, err := b.Get([]byte("gone")); err != nil {
			return err
		}
		return errors.Join(b.Put([]byte("a"), []byte("one")), b.Delete([]byte("gone")))
	})
	if asked := d.About().Trips - before; err != nil || asked != 1 { // to read "gone"
		t.Errorf("%d requests, %v", asked, err)
	}
	if got, err := get(d, "a"); got != "one" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, change := range []string{"", "two", "", "two"} { // an empty value is not a missing one
		before := d.About().Trips
		if err := put(d, "a", change); err != nil || d.About().Trips-before != 1 {
			t.Errorf("%q: %d requests, %v", change, d.About().Trips-before, err)
		}
	}
	err = d.Update(func(tx engine.Tx) error { return tx.Bucket("b").Put([]byte("new"), nil) })
	if got, gerr := get(d, "new"); err != nil || gerr != nil || got != "" {
		t.Errorf("%q, %v, %v", got, err, gerr)
	}
}

// The server compresses long values in the way that takes it less time.
func TestLongValuesAreCompressedQuickly(t *testing.T) {
	address := fresh(t)
	d := open(t, address, engine.Options{})
	if err := put(d, "a", string(bytes.Repeat([]byte("Добрый день! "), 1000))); err != nil {
		t.Fatal(err)
	}
	got, err := running(t).SQL("helpdesk", "select pg_column_compression(value) from "+d.schema+".entries")
	if err != nil || got != "lz4" {
		t.Errorf("%q, %v", got, err)
	}
}

// Small buckets that were announced are read with the next key; a larger one is read when it is needed.
func TestSmallBucketsAreReadTogether(t *testing.T) {
	address := fresh(t)
	d := open(t, address, engine.Options{})
	sizes := map[string]int{"none": 0, "few": 3, "many": smallUpTo}
	err := d.Update(func(tx engine.Tx) error {
		for name, n := range sizes {
			for i := range n {
				if err := tx.Bucket(name).Put([]byte{byte('a' + i)}, []byte(name)); err != nil {
					return err
				}
			}
		}
		return tx.Bucket("large").Put([]byte("a"), make([]byte, largest+1))
	})
	sizes["large"] = 1
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	d = open(t, address, engine.Options{})
	asked := func(name string, want, requests int) {
		t.Helper()
		before, met := d.About().Trips, 0
		err := d.View(func(tx engine.Tx) error {
			return tx.Bucket(name).Walk(nil, func(_, _ []byte) error { met++; return nil })
		})
		if n := d.About().Trips - before; err != nil || met != want || n != requests {
			t.Errorf("%s: %d entries, %d requests, %v", name, met, n, err)
		}
	}
	err = d.View(func(tx engine.Tx) error {
		for name := range sizes {
			tx.Bucket(name).Ahead()
		}
		_, err := tx.Bucket("b").Get([]byte("a"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	asked("none", 0, 0)
	asked("few", 3, 0)
	asked("many", smallUpTo, 1)
	asked("large", 1, 1)
	if got, err := get(d, "few"); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
