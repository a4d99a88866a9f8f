package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	"helpdesk/pkg/config"
	"helpdesk/pkg/store"
)

func newState(a *app) *cobra.Command {
	c := &cobra.Command{Use: "state", Short: "The state: copy it, shrink it, move it", Args: cobra.NoArgs}
	backup := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the state as it stands; a file of that name is replaced",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if store.Remote(args[0]) || config.Location(args[0]) != nil {
				return exit.Usage(errors.New("state backup writes into a file; 'helpdesk state copy' moves into a " +
					"database"))
			}
			return a.withMade(c.Context(), func(s *store.Store, _ string) error { return s.Backup(args[0]) })
		},
	}
	compact := &cobra.Command{
		Use:   "compact",
		Short: "Rewrite the state file without its gaps, where that makes it smaller",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return a.withMade(c.Context(), func(s *store.Store, path string) error {
				before, after, err := s.Compact()
				switch {
				case errors.Is(err, store.ErrServer):
					a.Hint("helpdesk: %s: nothing to do: %s", store.Name(path), err)
					return nil
				case err != nil || !a.Chatty():
				case after < before:
					a.Printf("%s: %d bytes, now %d\n", path, before, after)
				default:
					a.Printf("%s: %d bytes, kept: without its gaps it would have %d\n", path, before, after)
				}
				return err
			})
		},
	}
	c.AddCommand(backup, compact, newStateCopy(a))
	return c
}

func newStateCopy(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Move the state between a file and a database; there must be none at TO",
		Long: "FROM and TO are files or addresses such as postgres://USER@HOST/DATABASE. Everything is copied while " +
			"both are locked, and a\n" +
			"mark stays in FROM: who opens it after that is told where the state lies, and ends with status 2. The " +
			"word 'configured'\n" +
			"stands for the state of the configuration.",
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			return a.copyState(ctx, args)
		},
	}
}

// copyState copies a state together with the snapshot of its last passes.
func (a *app) copyState(ctx context.Context, args []string) error {
	from, err := a.stateNamed(args[0])
	if err != nil {
		return err
	}
	to, err := a.stateNamed(args[1])
	if err != nil {
		return err
	}
	if from == to {
		return exit.Usage(fmt.Errorf("copy state: FROM and TO are both %s", store.Name(from)))
	}
	snap, err := status.Ask(ctx, from)
	if err != nil {
		return err
	}
	if err := store.Copy(ctx, from, to, status.Known(store.Options{
		Wait:    a.personWaits,
		Command: "state copy",
	}, from)); err != nil {
		return status.Placed(err, to)
	}
	if store.Remote(to) { // store.Copy may have copied an older snapshot
		s, err := store.OpenContext(ctx, to, store.Options{Wait: a.personWaits, Command: "state copy"})
		if err != nil {
			return status.Placed(err, to)
		}
		err = errors.Join(status.Keep(to, s, &snap, s.Now(a.now())), s.Close())
		if err != nil {
			return err
		}
	} else if err := status.Write(to, snap); err != nil {
		return err
	}
	if a.Chatty() {
		a.Printf("%s is now %s\n", store.Name(from), store.Name(to))
	}
	return nil
}

// stateNamed returns the path or the address of the state that an argument names.
func (a *app) stateNamed(arg string) (string, error) {
	if err := stateArgument(arg); err != nil {
		return "", err
	}
	switch {
	case arg == "configured":
		return a.statePath()
	case store.Remote(arg):
		return a.located(arg), nil
	}
	return filepath.Abs(arg)
}
