package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	"helpdesk/pkg/store"
)

// silentFor is how long a pass may have the state open before others complain.
const silentFor = time.Hour

// withState opens the state for a person's command. If a pass has it open, withState prints what it waits for.
func (a *app) withState(ctx context.Context, readOnly bool, fn func(*store.Store) error) error {
	return a.withStateAs(ctx, store.Options{Overlay: readOnly}, func(s *store.Store, _ string) error { return fn(s) })
}

// withMade is withState for work on the state file itself, at path. It does not create a missing file.
func (a *app) withMade(ctx context.Context, fn func(s *store.Store, path string) error) error {
	return a.withStateAs(ctx, store.Options{Made: true}, fn)
}

func (a *app) withStateAs(ctx context.Context, o store.Options,
	fn func(s *store.Store, path string) error) (err error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	path, err := a.statePath()
	if err != nil {
		return err
	}
	s, err := a.openForPerson(ctx, path, o)
	if err != nil {
		return err
	}
	defer func() { err = closing(err, s) }()
	return fn(s, path)
}

// closing closes the state. If err and the closing both say that the database is away, it returns err only.
func closing(err error, s *store.Store) error {
	cerr := s.Close()
	if errors.Is(err, store.ErrAway) && errors.Is(cerr, store.ErrAway) {
		return err
	}
	return errors.Join(err, cerr)
}

// known adds what earlier passes have noted about a state to the options. A state file goes by this program's clock.
func (a *app) known(o store.Options, path string) store.Options {
	if !store.Remote(path) {
		o.Now = a.now
	}
	return status.Known(o, path)
}

// openForPerson opens the state for a person's command, and prints what it waits for.
func (a *app) openForPerson(ctx context.Context, path string, o store.Options) (*store.Store, error) {
	o = a.known(o, path)
	s, err := store.OpenContext(ctx, path, o)
	if errors.Is(err, store.ErrLocked) {
		if r, ok := status.Who(err, path); ok {
			a.Hint("helpdesk: waiting for %s to let go of the state", r)
		}
		o.Wait = a.personWaits
		s, err = store.OpenContext(ctx, path, o)
	}
	return s, status.Placed(err, path)
}

// openForPass opens the state for a pass. For an hour it does not complain about another pass that has the state open:
// cron comes again in a minute. If the pass opens the state again, the database connection is reused (o.Kept).
func (a round) openForPass(ctx context.Context, path string, j job, o store.Options) (*store.Store, error) {
	o.Overlay, o.Wait, o.Command = j.dry, a.passWaits, j.kind
	s, err := store.OpenContext(ctx, path, a.known(o, path))
	if !errors.Is(err, store.ErrLocked) {
		return s, status.Placed(err, path)
	}
	r, ok := status.Who(err, path)
	if (!ok || a.now().Sub(r.Since) < silentFor) && !a.Chatty() {
		return nil, exit.Status{Code: exit.Temporary}
	}
	if ok {
		err = fmt.Errorf("%w: %s", err, r)
	}
	return nil, exit.Status{Code: exit.Temporary, Cause: err}
}
