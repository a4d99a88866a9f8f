package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
)

// filled returns the bytes of a state with data from passes and from people.
func filled(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	for uid := uint32(1); uid <= 30; uid += 10 {
		var entries []desk.Entry
		for i := range uint32(10) {
			entries = append(entries, arrival(uid+i, fmt.Sprintf("a%d@example.org", uid+i)))
		}
		record(t, s, entries...)
	}
	if err := errors.Join(s.People.Exclude([]desk.Exclusion{{
		Match: "@spam.example",
		Scope: desk.ScopeMail,
	}}), s.Close()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// damaged writes a state in which some pages are overwritten.
func damaged(t *testing.T, whole []byte, with func(page []byte), pages ...int) string {
	t.Helper()
	raw, size := bytes.Clone(whole), os.Getpagesize()
	for _, n := range pages {
		if (n+1)*size <= len(raw) {
			with(raw[n*size : (n+1)*size])
		}
	}
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// use opens a state, does what passes and people do with it, and returns all errors.
func use(path string, o Options) error {
	s, err := Open(path, o)
	if err != nil {
		return err
	}
	_, queued := s.Outbox.Queue()
	_, excluded := s.People.Exclusions()
	_, quarantined := s.Quarantine.All()
	listed := s.Tickets.Each(func(desk.Ticket) error { return nil })
	e := arrival(60, "b@example.org")
	recorded := s.Ledger.Record(noon, []desk.Entry{e}, time.Hour, func(int, desk.Facts) (desk.Decision, error) {
		return opens(e), nil
	})
	pruned := error(nil)
	if !o.Overlay {
		_, _, pruned = s.Prune(noon)
	}
	return errors.Join(queued, excluded, quarantined, listed, recorded, pruned, s.Backup(path+".copy"), s.Close())
}

func TestADamagedPageIsToldNotFatal(t *testing.T) {
	zero := func(page []byte) { clear(page) }
	dice := rand.New(rand.NewPCG(1, 2))
	noise := func(page []byte) {
		for i := range page {
			page[i] = byte(dice.Uint32())
		}
	}
	told, whole := 0, filled(t)
	for page := 2; page*os.Getpagesize() < len(whole); page++ {
		for _, with := range []func([]byte){zero, noise} {
			for _, o := range []Options{{}, {Overlay: true}} {
				if err := use(damaged(t, whole, with, page), o); errors.Is(err, ErrBroken) {
					told++
				}
			}
		}
	}
	if told < 20 {
		t.Errorf("damage was told %d times", told)
	}
}

func TestDamageNamesTheFileAndWhatToDo(t *testing.T) {
	for _, o := range []Options{{}, {Overlay: true}} {
		path := damaged(t, filled(t), func(page []byte) { clear(page) }, 5, 6, 7, 8, 9, 10)
		err := use(path, o)
		if !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), "restore a copy") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestAFewBytesAreNoState(t *testing.T) {
	for _, size := range []int{1, 1000, 4096, 5000, 8191} {
		path := filepath.Join(t.TempDir(), "state.db")
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := use(path, Options{}); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), path) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// A bug of ours inside a transaction is not reported as a damaged file.
func TestABugIsNoDamage(t *testing.T) {
	s := fresh(t)
	defer func() {
		if p := recover(); p == nil {
			t.Error("it was hidden")
		}
		if err := s.People.Exclude(nil); err != nil { // the failed transaction has ended
			t.Error(err)
		}
	}()
	_ = s.update(func(txn) error { var list []int; return fmt.Errorf("%d", list[len(s.id)]) })
}
