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

// silentFor is how long a pass may hold the state before others complain.
const silentFor = time.Hour

// withState opens the state for a person's command. While a pass holds it, it says what it waits for.
func (a *app) withState(ctx context.Context, readOnly bool, fn func(*store.Store) error) error {
	return a.withStateAs(ctx, store.Options{Overlay: readOnly}, func(s *store.Store, _ string) error { return fn(s) })
}

// withMade is withState for what is done to the file itself, which lies at the path: one that is missing is not made.
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

// closing closes the state. That a database is away is told once.
func closing(err error, s *store.Store) error {
	cerr := s.Close()
	if errors.Is(err, store.ErrAway) && errors.Is(cerr, store.ErrAway) {
		return err
	}
	return errors.Join(err, cerr)
}

// known adds to how a state is opened what is known of it. A file goes by the clock of this program.
func (a *app) known(o store.Options, path string) store.Options {
	if !store.Remote(path) {
		o.Now = a.now
	}
	return status.Known(o, path)
}

// openForPerson opens the state for a command of a person, and says what it waits for.
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

// openForPass opens the state for a pass. Another one that holds it is nothing to complain of for an hour: cron comes
// again in a minute. A pass that opens the state again keeps the connection to its server until then.
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
