package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"helpdesk/pkg/store"
)

// Snapshot is what a pass leaves at its end, so that status need not wait for the next one: beside a state file, or
// within a database.
type Snapshot struct {
	Running *Running        `json:"running,omitempty"` // who works at the moment, where a server knows it
	Passes  map[string]Pass `json:"passes"`            // by kind
	Backlog Backlog         `json:"backlog"`
	SignIns []SignIn        `json:"sign_ins,omitempty"` // of the mailboxes that log in without a password
}

// SignIn is how long a mailbox stays open that logs in without a password.
type SignIn struct {
	Mailbox string    `json:"mailbox"`
	Since   time.Time `json:"since,omitzero"` // a person signed in
	Ends    time.Time `json:"ends,omitzero"`  // it is shut then, unless a person signs in again; zero = no end is known
	Error   string    `json:"error,omitempty"`
}

// soon is how long before the end of a sign-in a person is told.
const soon = 14 * 24 * time.Hour

// Alarming says whether a person must sign in again by now, or soon.
func (s SignIn) Alarming(now time.Time) bool {
	return s.Error != "" || !s.Ends.IsZero() && now.After(s.Ends.Add(-soon))
}

// Pass is how the passes of one kind went.
type Pass struct {
	Started  time.Time     `json:"started"`
	Ended    time.Time     `json:"ended"`
	Duration time.Duration `json:"duration_ns"`
	Good     time.Time     `json:"good,omitzero"` // the end of the last one that left nothing to be repeated
	Failed   int           `json:"failed"`        // in a row
	Error    string        `json:"error,omitempty"`
	Alarmed  bool          `json:"told,omitempty"` // somebody knows that they fail
	Listed   int           `json:"listed,omitempty"`
	Old      int           `json:"old,omitempty"`
	Requests int           `json:"requests"`       // to the portal
	Used     float64       `json:"used,omitempty"` // part of its time within ten minutes that the method closest to its limit has had
}

// Backlog is what waits.
type Backlog struct {
	Pending    int       `json:"pending"`
	Held       int       `json:"held"`
	Quarantine int       `json:"quarantine"`
	Oldest     time.Time `json:"oldest,omitzero"`
	Next       time.Time `json:"next,omitzero"` // the next retry
}

// File returns where the snapshot of a state lies.
func File(state string) string { return state + ".status.json" }

// name is what it is kept under in a database.
const name = "status"

// Ask returns the latest snapshot for who does not have the state open, and waits for nobody; where there is none, an
// empty one.
func Ask(ctx context.Context, state string) (Snapshot, error) {
	if !store.Remote(state) {
		return Read(state)
	}
	s, err := store.OpenContext(ctx, state, store.Options{Unlocked: true, Made: true, Command: "status"})
	if errors.Is(err, store.ErrMissing) {
		return Snapshot{Passes: map[string]Pass{}}, nil
	}
	if err != nil {
		return Snapshot{}, Placed(err, state)
	}
	defer s.Close()
	snap, err := Last(state, s)
	if held, ok := s.Holder(); ok {
		r := of(held)
		snap.Running = &r
	}
	return snap, err
}

// Last returns the latest snapshot of a state that is open.
func Last(state string, s *store.Store) (Snapshot, error) {
	if !store.Remote(state) {
		return Read(state)
	}
	snap := Snapshot{Passes: map[string]Pass{}}
	raw, ok := s.Cached(name, time.Time{})
	if !ok {
		return snap, nil
	}
	if err := json.Unmarshal(raw, &snap); err != nil {
		return snap, fmt.Errorf("read status: %w", err)
	}
	return snap, nil
}

// Keep leaves a snapshot for those who ask.
func Keep(state string, s *store.Store, snap Snapshot, now time.Time) error {
	if !store.Remote(state) {
		return Write(state, snap)
	}
	raw, err := json.Marshal(snap)
	if err == nil {
		err = s.Cache(now, map[string][]byte{name: raw})
	}
	if err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}

// Read returns the snapshot beside a state file; where there is none, an empty one.
func Read(state string) (Snapshot, error) {
	s := Snapshot{Passes: map[string]Pass{}}
	raw, err := os.ReadFile(File(state))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read status: %w", err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("read status %s: %w", File(state), err)
	}
	return s, nil
}

// Write leaves a snapshot beside a state file. It is written aside and renamed, so that a reader never sees half of it.
func Write(state string, s Snapshot) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	tmp := File(state) + ".new" // ours alone: whoever writes it holds the state
	if err := os.WriteFile(tmp, raw, 0o644); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	if err := os.Rename(tmp, File(state)); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}

// Count counts what waits in a state.
func Count(s *store.Store) (Backlog, error) {
	var b Backlog
	all, err := s.Outbox.Queue()
	if err != nil {
		return b, err
	}
	for _, p := range all {
		b.Pending++
		if p.Held {
			b.Held++
		}
		if b.Oldest.IsZero() || p.Added.Before(b.Oldest) {
			b.Oldest = p.Added
		}
		if !p.Held && (b.Next.IsZero() || p.Next.Before(b.Next)) {
			b.Next = p.Next
		}
	}
	quarantined, err := s.Quarantine.All()
	b.Quarantine = len(quarantined)
	return b, err
}
