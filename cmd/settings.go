package cmd

import (
	"errors"
	"runtime"
	_ "time/tzdata" // Windows has no time zones of its own

	"helpdesk/cmd/exit"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/store"
)

func (a *app) configPath() (string, error) {
	path, err := config.Find(a.configFile, a.env, runtime.GOOS)
	if err != nil {
		return "", exit.Usage(err)
	}
	return path, nil
}

// settings reads the configuration, strictly. Secrets may be out of reach: who talks to a server takes serverSettings.
func (a *app) settings() (*config.Config, error) { return a.read(config.LoadOffline) }

// serverSettings reads the configuration with all its secrets.
func (a *app) serverSettings() (*config.Config, error) { return a.read(config.Load) }

// read reads the configuration. A file that can't be read is as wrong as one with mistakes.
func (a *app) read(load func(string, func(string) (string, bool)) (*config.Config, error)) (*config.Config, error) {
	path, err := a.configPath()
	if err != nil {
		return nil, err
	}
	cfg, err := load(path, a.env)
	if err != nil {
		return nil, exit.Usage(err)
	}
	if a.LogFormat == "" {
		a.LogFormat = cfg.Log.Format
	}
	return cfg, nil
}

func (a *app) stateOf(cfg *config.Config) string {
	if a.stateFile != "" {
		return a.stateFile
	}
	return cfg.State
}

// statePath returns where the state lies; with --state no configuration is needed for it.
func (a *app) statePath() (string, error) {
	if a.stateFile != "" {
		return a.stateFile, nil
	}
	cfg, err := a.settings()
	if err != nil {
		return "", err
	}
	return cfg.State, nil
}

// offlineRules returns the rules for judging a message without servers: those of the configuration where there is one,
// the defaults else. A mailbox that is named must be one of it.
func (a *app) offlineRules(mailbox string) (*desk.Rules, *quote.Cutter, error) {
	cfg, err := a.settings()
	if errors.Is(err, config.ErrNotFound) {
		cfg, err = config.Default(), nil
	}
	if err != nil {
		return nil, nil, err
	}
	if mailbox != "" {
		if err := known(cfg, mailbox); err != nil {
			return nil, nil, exit.Usage(err)
		}
	}
	return wiring.Rules(cfg)
}

// wire puts a pass together, by this run's log and clock.
func (a *app) wire(cfg *config.Config, s *store.Store) (*wiring.Parts, error) {
	return wiring.New(cfg, s, wiring.Options{Log: a.Logger(cfg.Log.Level, cfg.Log.Format), Now: a.now, Sleep: a.sleep})
}
