package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"helpdesk/cmd/check"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/store"
)

func newCheck(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Try everything the configuration names: a line each, ok or what to do",
		Long: "Exit status 0 when all is well, 2 when something must be repaired first, 75 when it is only a matter of time, such as\n" +
			"a server that is away. Nothing is written anywhere.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			all, err := a.check(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				err = a.JSON(all)
			} else {
				err = check.Print(&a.Terminal, all)
			}
			if err != nil {
				return err
			}
			return conclude(ctx, check.Gravest(all))
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// check looks at everything the settings name.
func (a *app) check(ctx context.Context) ([]check.Line, error) {
	cfg, err := a.serverSettings()
	if err != nil {
		return nil, err
	}
	path, _ := a.configPath()
	state := a.stateOf(cfg)
	return check.Run(ctx, check.Subject{
		Settings: cfg, File: path, State: state,
		Open: func() (*store.Store, error) { return a.openForPerson(ctx, state, store.Options{Overlay: true}) },
		Wire: func(s *store.Store) (*wiring.Parts, error) { return a.wire(cfg, s) },
	})
}
