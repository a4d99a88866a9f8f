package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var damages = flag.Int("damages", 45, "how many states TestDamage damages")

// TestDamage damages states in ways that occur on disks and through people. Each operation on such a state either
// succeeds or returns an error with the file's name, and none ends the process. A state that cannot be opened keeps its
// bytes, so that other tools can recover more of it.
func TestDamage(t *testing.T) {
	whole := filled(t)
	dice := rand.New(rand.NewPCG(14, 150))
	size := os.Getpagesize()
	ways := []struct {
		name string
		do   func(raw []byte) []byte
	}{
		{"cut off", func(raw []byte) []byte { return raw[:1+dice.IntN(len(raw)-1)] }},
		{"cut off at a page", func(raw []byte) []byte { return raw[:size*(1+dice.IntN(len(raw)/size-1))] }},
		{"bits flipped", func(raw []byte) []byte {
			for range 1 + dice.IntN(8) {
				raw[dice.IntN(len(raw))] ^= 1 << dice.IntN(8)
			}
			return raw
		}},
		{"pages swapped", func(raw []byte) []byte {
			a, b := size*dice.IntN(len(raw)/size), size*dice.IntN(len(raw)/size)
			page := bytes.Clone(raw[a : a+size])
			copy(raw[a:a+size], raw[b:b+size])
			copy(raw[b:b+size], page)
			return raw
		}},
		{"a page of zeros", func(raw []byte) []byte {
			a := size * dice.IntN(len(raw)/size)
			clear(raw[a : a+size])
			return raw
		}},
		{"a page twice", func(raw []byte) []byte {
			a, b := size*dice.IntN(len(raw)/size), size*dice.IntN(len(raw)/size)
			copy(raw[a:a+size], raw[b:b+size])
			return raw
		}},
		{"random bytes all over it", func(raw []byte) []byte {
			for range 1 + dice.IntN(len(raw)/10) {
				raw[2*size+dice.IntN(len(raw)-2*size)] = byte(dice.Uint32())
			}
			return raw
		}},
		{"a random word in a page's head", func(raw []byte) []byte {
			at := size*(2+dice.IntN(len(raw)/size-2)) + 8*dice.IntN(8)
			binary.NativeEndian.PutUint64(raw[at:], dice.Uint64()>>dice.IntN(64))
			return raw
		}},
		{"the beginning gone", func(raw []byte) []byte { return raw[1+dice.IntN(3*size):] }},
	}
	told := 0
	for i := range *damages {
		way := ways[i%len(ways)]
		raw := way.do(bytes.Clone(whole))
		path := filepath.Join(t.TempDir(), "state.db")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(path, Options{})
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			told++
			after, readErr := os.ReadFile(path)
			if readErr != nil || !bytes.Equal(after, raw) {
				t.Errorf("%d, %s: the file is another one now: %v", i, way.name, readErr)
			}
		} else if err = use(path, Options{}); err != nil {
			told++
		}
		if err != nil && !helps(err, path) {
			t.Errorf("%d, %s: %v", i, way.name, err)
		}
	}
	t.Logf("%d of %d damages were told", told, *damages)
	if told < *damages/2 {
		t.Errorf("%d of %d damages were told", told, *damages)
	}
}

// helps reports whether an error says what to do about a damaged state: about the file, an entry, or an unknown layout.
func helps(err error, path string) bool {
	text := err.Error()
	return errors.Is(err, ErrBroken) && strings.Contains(text, path) && strings.Contains(text, "restore a copy") ||
		strings.Contains(text, "this entry is damaged: restore a copy") ||
		strings.Contains(text, path) && strings.Contains(text, "written by a newer version")
}

// An entry is decoded while it is read for the first time: nothing reads it beforehand, to see whether it is whole.
func TestAnEntryIsReadOnce(t *testing.T) {
	var e entry
	if err := decode([]byte(`{"key": "k", "note": "a long text", "to": `), &e); err == nil {
		t.Fatal("half an entry was read")
	}
	if e.Key != "k" || e.Note != "a long text" {
		t.Errorf("before its end was met, this was decoded: %+v", e)
	}
}
