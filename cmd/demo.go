package cmd

import (
	"context"
	"net"

	"helpdesk/cmd/demo"
	"helpdesk/cmd/pages"

	"github.com/spf13/cobra"
)

func newDemo(a *app) *cobra.Command {
	var (
		serve   string
		noPause bool
	)
	c := &cobra.Command{
		Use:   "demo",
		Short: "The whole round trip on embedded IMAP, SMTP and Bitrix24 servers; no configuration needed",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			var l net.Listener
			if serve != "" { // listen before the play: an error should not wait for its end
				var err error
				if l, err = pages.Listen(serve); err != nil {
					return err
				}
				defer l.Close()
			}
			h := demo.Host{Terminal: &a.Terminal, Now: a.now, Pass: round{a}.played}
			if person, ok := a.Keyboard(); ok && !noPause {
				h.Person = person
			}
			d, err := demo.New(h)
			if err != nil {
				return err
			}
			defer d.Close()
			if err := d.Play(ctx); err != nil || l == nil {
				return err
			}
			return pages.Serve(ctx, &a.Terminal, l, d.Handler())
		},
	}
	c.Flags().StringVar(&serve, "serve", "",
		"afterwards show letters and tasks in the browser, at this loopback `ADDR`, until interrupted")
	c.Flags().BoolVar(&noPause, "no-pause", false, "do not wait for Enter after each step")
	return c
}

// played runs a pass of the demonstration. It prints nothing itself; p.Show gets each line.
func (a round) played(ctx context.Context, p demo.Pass) error {
	run := *a.app
	run.configFile, run.stateFile, run.Watched, run.Columns = p.File, "", false, nil
	run.env = func(name string) (string, bool) {
		if v, ok := p.Env[name]; ok {
			return v, true
		}
		return a.env(name)
	}
	return round{&run}.pass(ctx, job{kind: p.Kind, run: passes[p.Kind][p.Dry], dry: p.Dry, show: p.Show})
}
