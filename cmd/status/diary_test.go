package status

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"helpdesk/pkg/desk"
)

func listing(uid uint32, stamp string) desk.Listing {
	return desk.Listing{Place: desk.Place{Mailbox: "support", UIDValidity: 1, UID: uid}, Stamp: stamp}
}

// A process that dies leaves its diary. Each death counts once for the messages in progress.
func TestTheDiaryCountsDeaths(t *testing.T) {
	state, log := filepath.Join(t.TempDir(), "helpdesk.db"), slog.New(slog.DiscardHandler)
	deadly, other := listing(1, "a"), listing(2, "b")
	for want := range 3 {
		d := OpenDiary(state, log)
		if got := d.Died(deadly); got != want || d.Died(other) != 0 || d.Died(listing(1, "z")) != 0 {
			t.Fatalf("after %d deaths: %d, %d of another, %d of another at its place", want, got, d.Died(other),
				d.Died(listing(1, "z")))
		}
		again := OpenDiary(state, log) // this process does nothing
		again.Close()
		if got := OpenDiary(state, log).Died(deadly); got != want {
			t.Fatalf("read twice: %d", got)
		}
		d = OpenDiary(state, log)
		d.Begin(other)
		d.End(other)
		d.Begin(deadly) // the process dies here
	}
	d := OpenDiary(state, log)
	d.Begin(deadly)
	d.End(deadly)
	d.Forget(deadly)
	d.Close()
	if _, err := os.Stat(DiaryFile(state)); !os.IsNotExist(err) {
		t.Errorf("a diary of nothing is left: %v", err)
	}
}

// Damaged lines are skipped, wherever the file was cut or overwritten.
func TestADamagedDiary(t *testing.T) {
	state, log := filepath.Join(t.TempDir(), "helpdesk.db"), slog.New(slog.DiscardHandler)
	d := OpenDiary(state, log)
	for uid := range uint32(3) {
		d.Begin(listing(uid, "a"))
	}
	whole, err := os.ReadFile(DiaryFile(state))
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		for _, raw := range [][]byte{whole[:n], append(append([]byte{}, whole[:n]...), make([]byte, 50)...),
			[]byte(strings.Repeat("x", n) + string(whole[n:]))} {
			if err := os.WriteFile(DiaryFile(state), raw, 0o600); err != nil {
				t.Fatal(err)
			}
			d := OpenDiary(state, log)
			d.Begin(listing(9, "b"))
			if got := OpenDiary(state, log).Died(listing(9, "b")); got != 1 {
				t.Fatalf("behind damage at %d: %d deaths", n, got)
			}
			if err := os.Remove(DiaryFile(state)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The diary stays short. Several goroutines may write it, even after it is closed.
func TestTheDiaryStaysShort(t *testing.T) {
	state, log := filepath.Join(t.TempDir(), "helpdesk.db"), slog.New(slog.DiscardHandler)
	d := OpenDiary(state, log)
	d.Begin(listing(1_000_000, "deadly"))
	var all sync.WaitGroup
	for k := range uint32(4) {
		all.Go(func() {
			for i := range uint32(1500) {
				l := listing(k*10_000+i, fmt.Sprint("stamp ", i))
				d.Begin(l)
				d.End(l)
			}
		})
	}
	all.Wait()
	if info, err := os.Stat(DiaryFile(state)); err != nil || info.Size() > 2*mostDiary {
		t.Errorf("%v, %v", info, err)
	}
	if next := OpenDiary(state, log); next.Died(listing(1_000_000, "deadly")) != 1 ||
		next.Died(listing(10_001, "stamp 1")) != 0 {
		t.Error("it counts wrongly")
	}
	d.Close()
	d.End(listing(1_000_000, "deadly"))
	if _, err := os.Stat(DiaryFile(state)); !os.IsNotExist(err) {
		t.Errorf("written after its end: %v", err)
	}
}
