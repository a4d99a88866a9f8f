package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/schedule"
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
			p, err := a.plan(name)
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

// plan returns the schedule of this binary and configuration, for a user.
func (a *app) plan(user string) (p schedule.Plan, err error) {
	caller := whoami()
	if p.User = user; user == "" {
		if p.User = caller; caller == "root" || caller == "" {
			p.User = "helpdesk"
		}
	}
	p.Foreign, p.MailTo = p.User != caller, "root"
	binary, err := os.Executable()
	if err != nil {
		return p, fmt.Errorf("find this binary: %w", err)
	}
	path, err := a.findConfig()
	if err != nil {
		return p, err
	}
	if p.File, err = filepath.Abs(path); err != nil {
		return p, fmt.Errorf("find the configuration: %w", err)
	}
	p.Env = filepath.Join(filepath.Dir(p.File), config.EnvFile)
	p.Program = []string{binary}
	if found, err := config.Find("", func(string) (string, bool) {
		return "", false
	}, runtime.GOOS); err != nil || found != p.File {
		p.Program = append(p.Program, "--config", p.File)
	}
	state := a.stateFile
	switch {
	case state == "":
		if state, err = config.StatePath(p.File, a.lookup); err != nil {
			return p, exit.Usage(err)
		}
	case !store.Remote(state):
		if state, err = filepath.Abs(state); err != nil {
			return p, fmt.Errorf("find the state: %w", err)
		}
		fallthrough
	default:
		p.Program = append(p.Program, "--state", state)
	}
	if store.Remote(state) { // what lies beside a state lies beside the configuration then
		state = a.beside(state) + ".db"
	}
	p.Folder, p.Copy = filepath.Dir(state), state+".backup"
	return p, nil
}
