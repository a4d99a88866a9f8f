package status

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/alarm"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/store"
)

// Snapshot is what a pass leaves at its end, so that status need not wait for a pass. It is in a file next to the state
// file, or in the database.
type Snapshot struct {
	Running *Running        `json:"running,omitempty"` // the run that has the database open
	Began   time.Time       `json:"began,omitzero"`    // begin of the first pass
	Passes  map[string]Pass `json:"passes"`            // by kind
	Backlog Backlog         `json:"backlog"`
	SignIns []SignIn        `json:"sign_ins,omitempty"` // of mailboxes that log in without a password

	Mailboxes map[string]Mailbox `json:"mailboxes,omitempty"` // by name
	Troubles  alarm.Book         `json:"troubles,omitzero"`
	Name      string             `json:"name,omitempty"` // of the state, without the password

	Writes uint64 `json:"writes,omitempty"` // how often the state file had been written by then
	Stamp  string `json:"stamp,omitempty"`  // of the state file at the end of the last pass
	Gone   bool   `json:"-"`                // the state file is missing, though passes have run
	// how far the clock of these times, the database server's, is ahead of this machine's
	Ahead time.Duration `json:"-"`
}

// Mailbox is how the last reading of a mailbox went.
type Mailbox struct {
	Started time.Time `json:"started"`         // begin of the last pass that tried to read it
	Good    time.Time `json:"good,omitzero"`   // last successful reading
	Failed  int       `json:"failed"`          // failed passes in a row
	Error   string    `json:"error,omitempty"` // why it could not be read
	Listed  int       `json:"listed"`          // unseen messages
	Old     int       `json:"old,omitempty"`   // unseen messages too old to be read
}

// SignIn is how long a mailbox without a password can still log in.
type SignIn struct {
	Mailbox string    `json:"mailbox"`
	Since   time.Time `json:"since,omitzero"` // when a person signed in
	Ends    time.Time `json:"ends,omitzero"`  // when a person must have signed in again; zero = unknown
	Error   string    `json:"error,omitempty"`
}

// soon is how long before the end of a sign-in people are alerted.
const soon = 14 * 24 * time.Hour

// Alarming reports whether a person must sign in again now or soon.
func (s SignIn) Alarming(now time.Time) bool {
	return s.Error != "" || !s.Ends.IsZero() && now.After(s.Ends.Add(-soon))
}

// Pass is how the last passes of one kind went.
type Pass struct {
	Started  time.Time     `json:"started"`
	Ended    time.Time     `json:"ended"`
	Duration time.Duration `json:"duration_ns"`
	Good     time.Time     `json:"good,omitzero"` // end of the last pass that needed no repair
	Failed   int           `json:"failed"`        // failed passes in a row
	Error    string        `json:"error,omitempty"`
	Listed   int           `json:"listed,omitempty"`
	Old      int           `json:"old,omitempty"`
	Requests int           `json:"requests"` // to the portal
	// share of the ten-minute time limit used by the method that used most, from 0 to 1
	Used float64 `json:"used,omitempty"`
}

// Backlog counts the work that waits.
type Backlog struct {
	Pending    int       `json:"pending"`
	Held       int       `json:"held"`
	Quarantine int       `json:"quarantine"`
	Oldest     time.Time `json:"oldest,omitzero"`
	Next       time.Time `json:"next,omitzero"`   // the next retry
	Latest     time.Time `json:"latest,omitzero"` // the last planned retry
}

// File returns the path of the snapshot of a state file.
func File(state string) string { return state + ".status.json" }

// name is the key of the snapshot in a database.
const name = "status"

// Ask returns the latest snapshot without waiting for a pass. It is empty if no pass has written one.
func Ask(ctx context.Context, state string) (Snapshot, error) {
	if !store.Remote(state) {
		return askFile(state)
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
	now := time.Now()
	snap.Ahead = s.Now(now).Sub(now)
	if held, ok := s.Holder(); ok {
		r := of(held)
		snap.Running = &r
	}
	return snap, err
}

// askFile returns the snapshot next to a state file, and checks that the state file is there if passes have run.
func askFile(state string) (Snapshot, error) {
	snap, err := Read(state)
	if err != nil || len(snap.Passes) == 0 {
		return snap, err
	}
	info, err := os.Stat(state)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		snap.Gone = true
	case err == nil && info.Mode().IsRegular() && info.Size() == 0:
		return snap, fmt.Errorf("read status of %s: %w (0 bytes): restore a copy made by 'helpdesk state backup'",
			state, store.ErrBroken)
	}
	return snap, nil // opening the state will report other damage
}

// Known adds the last pass's notes about the state to the options, so that opening it detects a missing state or an
// older copy.
func Known(o store.Options, state string) store.Options {
	if store.Remote(state) {
		return o
	}
	if snap, err := Read(state); err == nil { // the next pass replaces a damaged one
		o.Used, o.Writes, o.Stamp = len(snap.Passes) > 0, snap.Writes, snap.Stamp
	}
	return o
}

// Last returns the latest snapshot of an open state.
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

// Keep stores the snapshot. It notes in it how a state file stands.
func Keep(state string, s *store.Store, snap *Snapshot, now time.Time) error {
	if !store.Remote(state) {
		return keepFile(state, s, snap)
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

func keepFile(state string, s *store.Store, snap *Snapshot) error {
	next := *snap
	var err error
	if next.Stamp, err = s.Stamp(); err == nil {
		next.Writes, err = s.Writes()
	}
	if err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	if err := Write(state, next); err != nil {
		return err
	}
	*snap = next
	return nil
}

// Seal stores the snapshot again if the state file was written since Keep.
func Seal(state string, s *store.Store, snap *Snapshot, now time.Time) error {
	if store.Remote(state) {
		return nil
	}
	if stamp, err := s.Stamp(); err != nil || stamp == snap.Stamp {
		return err
	}
	return Keep(state, s, snap, now)
}

// Read returns the snapshot next to a state file; it is empty if there is none.
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

// Write writes a snapshot next to a state file.
func Write(state string, s Snapshot) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = replace(state, raw)
	}
	if err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}

// replace writes another file and renames it, so that readers never see half of it.
func replace(state string, raw []byte) error {
	tmp := File(state) + ".new" // no other process uses this name: the caller has the state open
	if err := os.WriteFile(tmp, raw, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, File(state))
}

// Meter counts the requests of a pass to the portal.
type Meter interface {
	Hits() int
	Used() map[string]float64
}

// Note records the result of a pass that ended with cause.
func (s *Snapshot) Note(r *pass.Report, cause error, portal Meter, now time.Time) {
	if s.Began.IsZero() {
		s.Began = now
	}
	was := s.Passes[r.Kind]
	p := Pass{Started: r.Started, Ended: r.Ended, Duration: r.Ended.Sub(r.Started), Good: r.Ended, Listed: r.Listed,
		Old:      r.Old,
		Requests: portal.Hits()}
	for _, part := range portal.Used() {
		p.Used = max(p.Used, part)
	}
	if cause != nil && exit.Of(cause) != exit.Held {
		p.Good, p.Failed, p.Error = was.Good, was.Failed+1, exit.Text(cause)
	}
	s.Passes[r.Kind] = p
	for _, read := range r.Mailboxes {
		s.read(read, r)
	}
}

// read records the result of reading a mailbox.
func (s *Snapshot) read(read pass.MailboxRead, r *pass.Report) {
	if s.Mailboxes == nil {
		s.Mailboxes = map[string]Mailbox{}
	}
	was := s.Mailboxes[read.Name]
	m := Mailbox{Started: r.Started, Good: r.Ended, Listed: read.Listed, Old: read.Old}
	if read.Err != nil {
		m = Mailbox{
			Started: r.Started,
			Good:    was.Good,
			Failed:  was.Failed + 1,
			Error:   bitrix.Mask(read.Err.Error()),
			Listed:  was.Listed,
			Old:     was.Old,
		}
	}
	s.Mailboxes[read.Name] = m
}

// Count counts the work that waits in a state, and returns the parts that people must know about.
func Count(s *store.Store) (Backlog, []alarm.Trouble, error) {
	var b Backlog
	var found []alarm.Trouble
	all, err := s.Outbox.Queue()
	if err != nil {
		return b, nil, err
	}
	for _, p := range all {
		b.Pending++
		t := alarm.Trouble{
			Kind:   alarm.Held,
			Name:   fmt.Sprint(p.Seq),
			Note:   bitrix.Mask(p.Note),
			Person: true,
			Task:   p.Effect.Task,
		}
		switch {
		case p.Held:
			b.Held++
			found = append(found, t)
		case p.Failures > 0:
			t.Kind, t.Person, t.About = alarm.Waiting, false, server(p.Effect)
			found = append(found, t)
		}
		if b.Oldest.IsZero() || p.Added.Before(b.Oldest) {
			b.Oldest = p.Added
		}
		if !p.Held && (b.Next.IsZero() || p.Next.Before(b.Next)) {
			b.Next = p.Next
		}
		if !p.Held && p.Next.After(b.Latest) {
			b.Latest = p.Next
		}
	}
	kept, err := s.Quarantine.All()
	b.Quarantine = len(kept)
	for _, q := range kept {
		found = append(found, alarm.Trouble{Kind: alarm.Quarantine, Name: fmt.Sprint(q.Seq),
			Note: bitrix.Mask(q.Cause), Person: true,
			About: glyph.Cut(glyph.Line(q.From+", "+q.Subject), 120)})
	}
	return b, found, err
}

// server returns the trouble of the server that an effect waits for, if that server has one.
func server(e desk.Effect) string {
	if e.Letter != nil {
		return string(alarm.Relay) + " " + e.Letter.Mailbox
	}
	return string(alarm.Portal)
}

// Cut applies fn to the JSON of the snapshot next to a state file, because errors and troubles may name a person. It
// reports whether fn changed it. For a database it does nothing: that snapshot is erased with the state.
func Cut(state string, fn func([]byte) ([]byte, bool, error)) (changed bool, err error) {
	if store.Remote(state) {
		return false, nil
	}
	raw, err := os.ReadFile(File(state))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		raw, changed, err = fn(raw)
	}
	if err == nil && changed {
		err = replace(state, raw)
	}
	if err != nil {
		return false, fmt.Errorf("write status: %w", err)
	}
	return changed, nil
}
