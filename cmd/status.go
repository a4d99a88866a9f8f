package cmd

import (
	"errors"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	"helpdesk/pkg/store"

	"github.com/spf13/cobra"
)

func newStatus(a *app) *cobra.Command {
	var asJSON, prometheus bool
	c := &cobra.Command{
		Use:   "status",
		Short: "The last passes, the backlog, what is held: for a person and for monitoring",
		Long: "Exit status 3 when something is held for a person, fails until a person mends it, or is overdue; 0 " +
			"else. It reads what\n" +
			"the last pass left beside the state or in the database, so it never waits.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if asJSON && prometheus {
				return exit.Usage(errors.New("--json and --prometheus: one of them"))
			}
			path, err := a.statePath()
			if err != nil {
				return err
			}
			overdue := a.overdue()
			snap, err := status.Ask(c.Context(), path)
			if err != nil {
				return err
			}
			if snap.Name == "" {
				snap.Name = store.Name(path)
			}
			s := status.Judge(snap, overdue, a.now())
			switch {
			case asJSON:
				err = a.JSON(s)
			case prometheus:
				status.Prometheus(&a.Terminal, s)
			default:
				err = status.Print(&a.Terminal, s)
			}
			if err == nil && !s.OK {
				err = exit.Status{Code: exit.Held}
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&prometheus, "prometheus", false,
		"print the text format of Prometheus, for the node exporter's textfile folder")
	return c
}

// overdue returns the time without a good pass after which status complains: that of the settings if they can be read.
func (a *app) overdue() time.Duration {
	const usual = 15 * time.Minute
	cfg, err := a.settings()
	if err != nil {
		return usual
	}
	return cfg.Monitor.Overdue
}
