package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/schedule"
	"helpdesk/cmd/setup"
	"helpdesk/pkg/config"
	"helpdesk/pkg/store"
)

func newSchedule(a *app) *cobra.Command {
	var name string
	c := &cobra.Command{
		Use:       "schedule cron|systemd|windows",
		Short:     "Print the schedule to install for this binary and configuration",
		Args:      oneOf(schedule.Kinds...),
		ValidArgs: schedule.Kinds,
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.schedule(name)
			if err != nil {
				return err
			}
			return schedule.Print(a.Out, args[0], p)
		},
	}
	c.Flags().StringVar(&name, "user", "",
		"the `NAME` of the user who will run it (default: who calls this; helpdesk, where that is root)")
	return c
}

// schedule returns the schedule of this binary and configuration, to be run by a user.
func (p *place) schedule(user string) (plan schedule.Plan, err error) {
	caller := whoami()
	if plan.User = user; user == "" {
		if plan.User = caller; caller == "root" || caller == "" {
			plan.User = "helpdesk"
		}
	}
	plan.Foreign, plan.MailTo = plan.User != caller, "root"
	binary, err := os.Executable()
	if err != nil {
		return plan, fmt.Errorf("find this binary: %w", err)
	}
	path, err := p.findConfig()
	if err != nil {
		return plan, err
	}
	if plan.File, err = filepath.Abs(path); err != nil {
		return plan, fmt.Errorf("find the configuration: %w", err)
	}
	plan.Env = filepath.Join(filepath.Dir(plan.File), config.EnvFile)
	f, err := config.Open(path)
	if err != nil {
		return plan, exit.Usage(err)
	}
	if plan.Language, err = f.Locale(p.lookup); err != nil {
		return plan, exit.Usage(err)
	}
	if plan.Language == "auto" {
		plan.Language = setup.Language(p.env)
	}
	plan.Program = []string{binary}
	if found, err := config.Find("", func(string) (string, bool) {
		return "", false
	}, runtime.GOOS); err != nil || found != plan.File {
		plan.Program = append(plan.Program, "--config", plan.File)
	}
	state := p.stateFile
	switch {
	case state == "":
		if state, err = f.StatePath(p.lookup); err != nil {
			return plan, exit.Usage(err)
		}
	case !store.Remote(state):
		if state, err = filepath.Abs(state); err != nil {
			return plan, fmt.Errorf("find the state: %w", err)
		}
		fallthrough
	default:
		plan.Program = append(plan.Program, "--state", state)
	}
	if store.Remote(state) { // files that belong to a state on a server are next to the configuration
		state = filepath.Join(filepath.Dir(plan.File), "helpdesk.db")
	}
	plan.Folder, plan.Copy = filepath.Dir(state), state+".backup"
	return plan, nil
}
