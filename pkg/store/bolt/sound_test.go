package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"helpdesk/pkg/store/engine"
)

// reopened opens the file, whose structure is inspected because no stamp is given.
func reopened(t testing.TB, path string) *DB {
	t.Helper()
	d, err := Open(context.Background(), path, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// worked returns the bytes of a file in which entries of many sizes were put and deleted.
func worked(t testing.TB, rounds int, check bool) []byte {
	t.Helper()
	dice, path := rand.New(rand.NewPCG(3, 5)), filepath.Join(t.TempDir(), "state.db")
	d := reopened(t, path)
	for range rounds {
		err := d.Update(func(tx engine.Tx) error {
			var errs []error
			for range 1 + dice.IntN(60) {
				b := tx.Bucket(fmt.Sprint("bucket", dice.IntN(5)))
				key := []byte(fmt.Sprintf("%0*d", 1+dice.IntN(40), dice.IntN(400)))
				size := dice.IntN(120)
				if dice.IntN(40) == 0 {
					size = dice.IntN(60_000)
				}
				if dice.IntN(3) == 0 {
					errs = append(errs, b.Delete(key))
				} else {
					errs = append(errs, b.Put(key, make([]byte, size)))
				}
			}
			_, err := tx.Bucket("counted").Count(1)
			return errors.Join(append(errs, err)...)
		})
		if err != nil {
			t.Fatal(err)
		}
		if check {
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			d = reopened(t, path)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A file that bbolt wrote is sound at any time.
func TestWhatIsWrittenIsSound(t *testing.T) { worked(t, 300, true) }

// A file is inspected if it changed since the stamp was noted, and only then.
func TestOnlyAChangedFileIsInspected(t *testing.T) {
	raw := worked(t, 20, false)
	path := filepath.Join(t.TempDir(), "state.db")
	n := len(raw) / os.Getpagesize()
	for p := 2; p < n; p++ { // none is the page that it says it is
		binary.NativeEndian.PutUint64(raw[p*os.Getpagesize():], uint64(p+1))
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), path, engine.Options{Glance: true})
	if !errors.Is(err, engine.ErrBroken) {
		t.Errorf("inspected: %v", err)
	}
	d, err := Open(context.Background(), path, engine.Options{Glance: true, Stamp: Stamp(path)})
	if err != nil {
		t.Fatalf("not changed: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if Stamp(filepath.Join(t.TempDir(), "none")) != "" {
		t.Error("a file that is missing has a stamp")
	}
}

// all reads and changes every bucket.
func all(d *DB) error {
	return d.Update(func(tx engine.Tx) error {
		var errs []error
		for i := range 5 {
			b, sum := tx.Bucket(fmt.Sprint("bucket", i)), 0
			var some [][]byte
			err := b.Walk(nil, func(key, value []byte) error {
				for _, c := range value {
					sum += int(c)
				}
				if len(some) < 40 {
					some = append(some, bytes.Clone(key))
				}
				return nil
			})
			for _, key := range some {
				err = errors.Join(err, b.Delete(key))
			}
			errs = append(errs, err, b.Put([]byte(fmt.Sprint("sum", sum)), make([]byte, 3000)))
		}
		return errors.Join(errs...)
	})
}

// A damaged file is told and keeps its bytes, or it can be read and written to the end.
func FuzzDamage(f *testing.F) {
	whole, first := worked(f, 30, false), 2*os.Getpagesize()
	f.Add([]byte{0, 0, 8, 1})
	f.Add([]byte{0, 16, 10, 255, 0, 32, 12, 7})
	f.Add(bytes.Repeat([]byte{1, 2, 3, 4}, 50))
	f.Fuzz(func(t *testing.T, edits []byte) {
		raw := bytes.Clone(whole)
		for ; len(edits) >= 4; edits = edits[4:] {
			at := int(edits[0])<<16 | int(edits[1])<<8 | int(edits[2])
			raw[first+at%(len(raw)-first)] ^= edits[3]
		}
		path := filepath.Join(t.TempDir(), "state.db")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Open(context.Background(), path, engine.Options{})
		if err == nil {
			if err := errors.Join(all(d), d.Close()); err != nil {
				t.Errorf("it was sound, and then: %v", err)
			}
			return
		}
		if after, rerr := os.ReadFile(path); !errors.Is(err, engine.ErrBroken) || rerr != nil ||
			!bytes.Equal(after, raw) {
			t.Errorf("%v; the file is another one: %v", err, rerr)
		}
	})
}
