package cmd

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
	"helpdesk/pkg/store/bolt"
)

// Each pass notes the stamp of the state as it leaves it, so the next one does not inspect every page.
func TestAPassNotesTheStateItLeaves(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{}, "")
	state := filepath.Join(d.dir, "helpdesk.db")
	d.letter("1@romashka.example", "ivan@romashka.example", "Printer", withFile, mixed)
	for range 3 {
		for _, pass := range []string{"poll", "notify", "verify"} {
			d.minute(pass)
			snap, err := status.Read(state)
			if is := bolt.Stamp(state); err != nil || snap.Stamp != is || is == "" {
				t.Errorf("%s left %q, noted %q: %v", pass, is, snap.Stamp, err)
			}
		}
		d.clock.Advance(25 * time.Hour) // removes old records
	}
}

// damages are what disks and people do to a state file.
var damages = map[string]func(raw []byte) []byte{
	"cut off":             func(raw []byte) []byte { return raw[:len(raw)/2] },
	"a page of zeros":     func(raw []byte) []byte { clear(root(raw)); return raw },
	"nothing of it":       func(raw []byte) []byte { return raw[:0] },
	"another kind":        func([]byte) []byte { return []byte("<html>no database</html>") },
	"the first two pages": func(raw []byte) []byte { clear(raw[:2*os.Getpagesize()]); return raw },
	"every tenth byte": func(raw []byte) []byte {
		for i := 2 * os.Getpagesize(); i < len(raw); i += 10 {
			raw[i] ^= byte(i)
		}
		return raw
	},
	"the pages in another order": func(raw []byte) []byte {
		n := os.Getpagesize()
		return append(append(bytes.Clone(raw[:2*n]), raw[4*n:]...), raw[2*n:4*n]...)
	},
}

// root returns the page of a bbolt file that its newest meta page names as the root.
func root(raw []byte) []byte {
	const number, transaction = 32, 64 // where a meta page has them
	n := os.Getpagesize()
	meta := raw[:n]
	if second := raw[n : 2*n]; binary.LittleEndian.Uint64(second[transaction:]) >
		binary.LittleEndian.Uint64(meta[transaction:]) {
		meta = second
	}
	at := int(binary.LittleEndian.Uint64(meta[number:])) * n
	return raw[at : at+n]
}

// A damaged state ends every command with 1 and says what to do. No byte of it is changed.
func TestADamagedStateIsToldByEveryCommand(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{}, "")
	for _, id := range []string{"1", "2", "3"} {
		d.letter(id+"@romashka.example", "ivan@romashka.example", "Printer "+id, withFile, mixed)
	}
	d.minute("poll")
	whole := d.stateBytes()
	for name, damage := range damages {
		d.damaged(name, damage(bytes.Clone(whole)))
	}
	d.damaged("the layout", d.relaid(whole))
}

// relaid returns a state whose layout has a number that nobody gave it.
func (d *drive) relaid(whole []byte) []byte {
	d.t.Helper()
	path := filepath.Join(d.dir, "relaid.db")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		d.t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte("\x00\x01\x00\x00\x00\x00\x00\x03"))
	})
	if cerr := db.Close(); err != nil || cerr != nil {
		d.t.Fatal(err, cerr)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	return raw
}

func (d *drive) damaged(name string, raw []byte) {
	d.t.Helper()
	state := filepath.Join(d.dir, "helpdesk.db")
	if err := os.WriteFile(state, raw, 0o600); err != nil {
		d.t.Fatal(err)
	}
	for _, args := range [][]string{{"poll"}, {"poll", "-n"}, {"notify"}, {"verify"}, {"ticket", "list"},
		{"exclude", "add", "a@b.example"}, {"outbox", "list"}, {"state", "backup", filepath.Join(d.dir, "b.db")}} {
		status, out, errs := d.run(args...)
		told := strings.Contains(errs, store.ErrBroken.Error()) && strings.Contains(errs, state) &&
			strings.Contains(errs, "helpdesk state backup")
		passes := args[0] == "poll" || args[0] == "notify" || args[0] == "verify"
		if status != exit.Failure || !told && !passes { // the same trouble prints one line an hour
			d.t.Errorf("%s: %v ends with %d: %s%s", name, args, status, out, errs)
		}
	}
	if !bytes.Equal(d.stateBytes(), raw) {
		d.t.Errorf("%s: the file is another one now", name)
	}
}
