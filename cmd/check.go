package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"helpdesk/cmd/check"
	"helpdesk/cmd/exit"
	"helpdesk/cmd/setup"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/store"
)

func newCheck(a *app) *cobra.Command {
	var asJSON, live, yes bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Try everything the configuration names: a line each, ok or what to do",
		Long: "Exit status 0 when all is well, 2 when something must be repaired first, 75 when it is only a matter " +
			"of time, such as\n" +
			"a server that is away. Nothing is written anywhere.\n\n" +
			"--live makes tasks, comments and files in the portal, after a question on the terminal or with --yes, " +
			"reads them back, removes\n" +
			"them, and prints what this portal keeps and drops. With --json it is made to be sent to others: names " +
			"of methods and fields,\n" +
			"types, codes and times, no texts, names of people or secrets.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			if yes && !live {
				return exit.Usage(errors.New("--yes goes with --live"))
			}
			if live {
				return a.checkLive(ctx, asJSON, yes)
			}
			language := ""
			if asJSON { // JSON is for programs
				language = "en"
			}
			all, err := a.check(ctx, language)
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
	c.Flags().BoolVar(&live, "live", false,
		"make a task, comments and files in the portal and tell what it keeps of them")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "with --live: do not ask first")
	return c
}

// check checks everything that the settings name, with texts in a language; "" is the language of the settings.
func (a *app) check(ctx context.Context, language string) ([]check.Line, error) {
	u, err := a.subject(ctx, language)
	if err != nil {
		return nil, err
	}
	return check.Run(ctx, u)
}

// checkLive makes a task in the portal and reports what the portal keeps of it.
func (a *app) checkLive(ctx context.Context, asJSON, yes bool) error {
	u, err := a.subject(ctx, "")
	if err != nil {
		return err
	}
	consent := func(host string) error {
		if yes {
			return nil
		}
		return a.Consent(u.Say("check.live.consent", host), "--yes")
	}
	report, err := check.Live(ctx, u, a.now, a.sleep, consent)
	if report != nil && len(report.Findings) > 0 {
		show := func() error { return check.PrintLive(&a.Terminal, u, report) }
		if asJSON {
			show = func() error {
				texts, err := setup.Read("en") // people send this report to others
				if err != nil {
					return err
				}
				check.Explain(report, texts.Say)
				return a.JSON(report)
			}
		}
		if perr := show(); perr != nil {
			return perr
		}
	}
	if err == nil {
		err = check.Concludes(report)
	}
	return conclude(ctx, err)
}

// subject returns the installation to check. If there are no texts in the language of the settings, it uses the
// language of the environment.
func (a *app) subject(ctx context.Context, language string) (u check.Subject, err error) {
	cfg, err := a.serverSettings()
	if err != nil {
		return u, err
	}
	path, _ := a.findConfig()
	state := a.stateOf(cfg)
	if language == "" {
		language = cfg.Letters.House()
	}
	if language != "ru" && language != "en" {
		language = setup.Language(a.lookup)
	}
	texts, err := setup.Read(language)
	if err != nil {
		return u, err
	}
	return check.Subject{
		Settings: cfg, File: path, State: state, Now: a.now, Say: texts.Say, Scope: texts.Scope,
		Folders: a.folders(state),
		Open:    func() (*store.Store, error) { return a.openForPerson(ctx, state, store.Options{Overlay: true}) },
		Wire:    func(s *store.Store) (*wiring.Parts, error) { return a.wire(cfg, s, nil) },
	}, nil
}
