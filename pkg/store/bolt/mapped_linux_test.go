package bolt

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdesk/pkg/store/engine"
)

// Transactions do not keep more and more of a large file in the memory of the process.
func TestTheFileIsNotKeptInMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	d, err := Open(context.Background(), path, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const size = 32 << 20
	for at := range size / (1 << 20) {
		err := d.Update(func(tx engine.Tx) error {
			return tx.Bucket("b").Put([]byte(fmt.Sprint(at)), bytes.Repeat([]byte("x"), 1<<20))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func() {
		sum := 0
		err := d.View(func(tx engine.Tx) error {
			return tx.Bucket("b").Walk(nil, func(_, value []byte) error {
				sum += bytes.Count(value, []byte("x"))
				return nil
			})
		})
		if err != nil || sum != size {
			t.Fatalf("%d bytes, %v", sum, err)
		}
	}
	read()
	if n := resident(t, path); n < size {
		t.Fatalf("%d bytes of the file are in memory after all were read", n)
	}
	if err := d.Update(func(tx engine.Tx) error { return tx.Bucket("a").Put([]byte("a"), nil) }); err != nil {
		t.Fatal(err)
	}
	if n := resident(t, path); n > size/8 {
		t.Errorf("%d bytes of the file are in memory after transactions that needed little of it", n)
	}
	read()
}

// resident returns how many bytes of a file are in the memory of this process.
func resident(t testing.TB, path string) (sum int) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	mine := false
	for line := range strings.Lines(string(maps)) {
		var kb int
		switch _, err := fmt.Sscanf(line, "Rss: %d kB", &kb); {
		case strings.Contains(line, " r"):
			mine = strings.Contains(line, path)
		case err == nil && mine:
			sum += kb << 10
		}
	}
	return sum
}
