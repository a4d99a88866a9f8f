package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/portal"
	"helpdesk/pkg/store"
)

// running is what a pass leaves beside the state while it runs, for those who wait for it.
type running struct {
	Command string    `json:"command"`
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
}

const (
	passWaits   = 10 * time.Second // a pass for another: cron starts the next one anyway
	personWaits = 45 * time.Second // a command typed by a person
	silentFor   = time.Hour        // how long a pass may hold the state before others complain
)

func runFile(state string) string { return state + ".run" }

func readRun(state string) (running, bool) {
	var r running
	raw, err := os.ReadFile(runFile(state))
	if err != nil || json.Unmarshal(raw, &r) != nil {
		return r, false
	}
	return r, true
}

// claim says beside the state that this process works with it, until the returned function is called.
func (a *app) claim(state, command string) func() {
	raw, err := json.Marshal(running{Command: command, PID: os.Getpid(), Since: a.now()})
	if err == nil {
		err = os.WriteFile(runFile(state), raw, 0o644)
	}
	if err != nil {
		return func() {} // it helps those who wait, and nothing depends on it
	}
	return func() { _ = os.Remove(runFile(state)) }
}

// withState opens the state for a person's command. While a pass holds it, it says what it waits for.
func (a *app) withState(readOnly bool, fn func(*store.Store) error) error {
	return a.withStateAs(store.Options{Overlay: readOnly}, func(s *store.Store, _ string) error { return fn(s) })
}

// withMade is withState for what is done to the file itself, which lies at the path: one that is missing is not made.
func (a *app) withMade(fn func(s *store.Store, path string) error) error {
	return a.withStateAs(store.Options{Made: true}, fn)
}

func (a *app) withStateAs(o store.Options, fn func(s *store.Store, path string) error) (err error) {
	ctx, cancel := a.bounded(a.ctx)
	defer cancel()
	path, err := a.statePath()
	if err != nil {
		return err
	}
	s, err := a.openForPerson(ctx, path, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return fn(s, path)
}

func (a *app) openForPerson(ctx context.Context, path string, o store.Options) (*store.Store, error) {
	s, err := store.OpenContext(ctx, path, o)
	if errors.Is(err, store.ErrLocked) {
		o.Wait = a.patience(path)
		s, err = store.OpenContext(ctx, path, o)
	}
	return s, placed(err, path)
}

// placed says what to do where the state can't lie where the settings put it.
func placed(err error, path string) error {
	switch {
	case errors.Is(err, store.ErrMissing):
		return exit.Usage(fmt.Errorf("%w: no pass has run yet, or it lies elsewhere", err))
	case errors.Is(err, fs.ErrNotExist):
		return exit.Usage(fmt.Errorf("%w: make the folder %s first", err, filepath.Dir(path)))
	case errors.Is(err, fs.ErrPermission):
		return exit.Usage(fmt.Errorf("%w: it must belong to the user that runs helpdesk", err))
	}
	return err
}

// patience says what is being waited for, and returns how long.
func (a *app) patience(state string) time.Duration {
	if r, ok := readRun(state); ok {
		a.Hint("helpdesk: waiting for '%s' (process %d, since %s) to let go of the state", r.Command, r.PID, tui.When(r.Since))
	}
	return personWaits
}

// openForPass opens the state for a pass. Another one that holds it is nothing to complain of for an hour: cron comes
// again in a minute.
func (a *app) openForPass(ctx context.Context, path string, dry bool) (*store.Store, error) {
	s, err := store.OpenContext(ctx, path, store.Options{Overlay: dry, Wait: passWaits})
	if !errors.Is(err, store.ErrLocked) {
		return s, placed(err, path)
	}
	r, ok := readRun(path)
	if (!ok || a.now().Sub(r.Since) < silentFor) && !a.Chatty() {
		return nil, exit.Status{Code: exit.Temporary}
	}
	if ok {
		err = fmt.Errorf("%w: '%s', process %d, since %s", err, r.Command, r.PID, tui.When(r.Since))
	}
	return nil, exit.Status{Code: exit.Temporary, Cause: err}
}

// snapshot is what a pass leaves beside the state at its end, so that status need not wait for the next one.
type snapshot struct {
	Passes  map[string]passed `json:"passes"` // by kind
	Backlog backlog           `json:"backlog"`
}

// passed is how the passes of one kind went.
type passed struct {
	Started  time.Time     `json:"started"`
	Ended    time.Time     `json:"ended"`
	Duration time.Duration `json:"duration_ns"`
	Good     time.Time     `json:"good,omitzero"` // the end of the last one that left nothing to be repeated
	Failed   int           `json:"failed"`        // in a row
	Error    string        `json:"error,omitempty"`
	Told     bool          `json:"told,omitempty"` // somebody was told that they fail
	Listed   int           `json:"listed,omitempty"`
	Old      int           `json:"old,omitempty"`
	Requests int           `json:"requests"`       // to the portal
	Used     float64       `json:"used,omitempty"` // part of its time within ten minutes that the method closest to its limit has had
}

type backlog struct {
	Pending    int       `json:"pending"`
	Held       int       `json:"held"`
	Quarantine int       `json:"quarantine"`
	Oldest     time.Time `json:"oldest,omitzero"`
	Next       time.Time `json:"next,omitzero"` // the next retry
}

func snapshotFile(state string) string { return state + ".status.json" }

func readSnapshot(state string) (snapshot, error) {
	s := snapshot{Passes: map[string]passed{}}
	raw, err := os.ReadFile(snapshotFile(state))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read status: %w", err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("read status %s: %w", snapshotFile(state), err)
	}
	return s, nil
}

// writeSnapshot notes how a pass went, and whether somebody has been told. It is written aside and renamed, so that a reader never sees half of it.
func (a *app) writeSnapshot(state string, s *store.Store, r *pass.Report, cause error, c *portal.Client, told func(passed) bool) error {
	snap, err := readSnapshot(state)
	if err != nil || snap.Passes == nil { // a damaged one is replaced
		snap = snapshot{Passes: map[string]passed{}}
	}
	was := snap.Passes[r.Kind]
	now := passed{Started: r.Started, Ended: r.Ended, Duration: r.Ended.Sub(r.Started), Good: r.Ended, Listed: r.Listed, Old: r.Old}
	now.Requests = c.Hits()
	for _, part := range c.Used() {
		now.Used = max(now.Used, part)
	}
	if cause != nil && exit.Of(cause) != exit.Held {
		now.Good, now.Failed, now.Error = was.Good, was.Failed+1, exit.Text(cause)
	}
	now.Told = was.Told
	now.Told = told(now)
	snap.Passes[r.Kind] = now
	if snap.Backlog, err = countBacklog(s); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(snap, "", "  ")
	if err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	tmp := snapshotFile(state) + ".new" // ours alone: whoever writes it holds the state
	if err := os.WriteFile(tmp, raw, 0o644); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	if err := os.Rename(tmp, snapshotFile(state)); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}

func countBacklog(s *store.Store) (backlog, error) {
	var b backlog
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
	poisons, err := s.Quarantine.All()
	b.Quarantine = len(poisons)
	return b, err
}
