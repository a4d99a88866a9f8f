package cmd

import (
	"github.com/spf13/cobra"

	"helpdesk/pkg/store"
)

func newState(a *app) *cobra.Command {
	c := &cobra.Command{Use: "state", Short: "The state file: copy it, shrink it", Args: cobra.NoArgs}
	backup := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the state as it stands; a file of that name is replaced",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withMade(func(s *store.Store, _ string) error { return s.Backup(args[0]) })
		},
	}
	compact := &cobra.Command{
		Use:   "compact",
		Short: "Rewrite the state file without its gaps, where that makes it smaller",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return a.withMade(func(s *store.Store, path string) error {
				before, after, err := s.Compact()
				switch {
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
	c.AddCommand(backup, compact)
	return c
}
