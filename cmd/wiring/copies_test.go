package wiring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// memory keeps letters and accepts copies of them; it panics before or after the step killed.
type memory struct {
	letters map[uint64]desk.Copy
	copies  map[string]int // by Message-ID
	step    int
	killed  int // number of the step; -1 = never
	refuse  map[string]error
}

type killed struct{}

func (m *memory) at() {
	if m.step++; m.step-1 == m.killed {
		panic(killed{})
	}
}

func (m *memory) Left(string) (all []desk.Copy, err error) {
	for _, seq := range slices.Sorted(maps.Keys(m.letters)) {
		all = append(all, m.letters[seq])
	}
	return all, nil
}

func (m *memory) Raw(seq uint64) ([]byte, error) { return []byte(m.letters[seq].ID), nil }

func (m *memory) Note(changed []desk.Copy, gone []uint64) error {
	m.at()
	for _, c := range changed {
		m.letters[c.Seq] = c
	}
	for _, seq := range gone {
		delete(m.letters, seq)
	}
	m.at()
	return nil
}

func (m *memory) Holds(_ context.Context, _, id string) (bool, error) {
	return m.copies[id] > 0, m.refuse["search"]
}

func (m *memory) Save(_ context.Context, _ string, raw []byte, _ time.Time) error {
	m.at()
	if err := m.refuse[string(raw)]; err != nil {
		return err
	}
	m.copies[string(raw)]++
	m.at()
	return nil
}

func (m *memory) Close() error { return nil }

// settle ends a pass, and reports whether it was killed.
func (m *memory) settle(t *testing.T) (dead bool) {
	k := &copier{kept: m, now: func() time.Time { return time.Unix(0, 0) },
		log: slog.New(slog.NewTextHandler(io.Discard, nil)), open: func(context.Context) (folder, error) {
			return m, nil
		}}
	defer func() {
		if p := recover(); p != nil {
			dead = p == killed{}
		}
	}()
	if err := k.settle(t.Context()); err != nil {
		t.Error(err)
	}
	return false
}

func newMemory() *memory {
	m := &memory{letters: map[uint64]desk.Copy{}, copies: map[string]int{}, refuse: map[string]error{}, killed: -1}
	for i := range uint64(3) {
		m.letters[i] = desk.Copy{Seq: i, ID: fmt.Sprint("letter ", i), At: time.Unix(0, 0), Size: 100}
	}
	return m
}

// After a kill at any step the next pass makes each missing copy, and none twice.
func TestCopiesOfAKilledPass(t *testing.T) {
	for step := 0; ; step++ {
		m := newMemory()
		m.killed = step
		if !m.settle(t) {
			if step < 8 {
				t.Errorf("only %d steps", step)
			}
			return
		}
		m.settle(t)
		if len(m.letters) != 0 || !maps.Equal(m.copies, map[string]int{"letter 0": 1, "letter 1": 1, "letter 2": 1}) {
			t.Errorf("killed at step %d: left %v, copies %v", step, m.letters, m.copies)
		}
	}
}

// A refused copy does not stop the others. If the server is lost, the next pass makes the rest. A server that can't
// search gets the copies nevertheless.
func TestCopiesThatAreNotTaken(t *testing.T) {
	no := errors.New("no")
	for name, c := range map[string]struct {
		refuse map[string]error
		made   int // by the first pass
	}{
		"one refused": {map[string]error{"letter 1": fault.New(fault.Refused, no)}, 2},
		"lost":        {map[string]error{"letter 1": fault.Away(fault.Unsure, no)}, 1},
		"misplaced":   {map[string]error{"letter 0": fault.Misconfigured(no)}, 0},
		"no search": {
			map[string]error{"search": fault.New(fault.Refused, no), "letter 1": fault.Away(fault.Refused, no)},
			1,
		},
	} {
		m := newMemory()
		m.refuse = c.refuse
		if m.settle(t); len(m.copies) != c.made || len(m.letters) != 3-c.made {
			t.Errorf("%s: copies %v, left %v", name, m.copies, m.letters)
		}
		delete(m.refuse, "letter 0")
		delete(m.refuse, "letter 1")
		m.settle(t)
		m.settle(t)
		if len(m.copies) != 3 || len(m.letters) != 0 {
			t.Errorf("%s, then: copies %v, left %v", name, m.copies, m.letters)
		}
	}
	m := newMemory() // copies that are always refused, or too many, are given up
	m.refuse["letter 1"] = fault.New(fault.Refused, no)
	for range copyTries {
		m.settle(t)
	}
	if len(m.letters) != 0 {
		t.Errorf("kept for ever: %v", m.letters)
	}
	m = newMemory()
	m.refuse["letter 0"] = fault.Away(fault.Refused, no)
	m.letters[2] = desk.Copy{Seq: 2, ID: "letter 2", At: time.Unix(0, 0), Size: copiesBytes}
	if m.settle(t); len(m.letters) != 1 || m.letters[2].Size != copiesBytes {
		t.Errorf("too much: %v", m.letters)
	}
}
