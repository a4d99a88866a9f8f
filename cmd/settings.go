package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	_ "time/tzdata" // Windows has no time zones of its own

	"helpdesk/cmd/exit"
	"helpdesk/cmd/owner"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/config"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/spool"
	"helpdesk/pkg/store"
)

// place is where a run's settings and state lie, and whose they are.
type place struct {
	env        func(string) (string, bool)
	vars       map[string]string // of the file beside the configuration
	unread     error             // why that file could not be read
	who        string            // runs this
	actsAs     string            // whom root acts as; "" = nobody else
	configFile string
	stateFile  string
	found      string // where the configuration lies; "" = not looked for so far
}

// findConfig returns where the configuration lies, and makes the variables in the file beside it known; those of the
// environment win. It looks once: whom root acts as may not read the folder that root is in.
func (p *place) findConfig() (string, error) {
	if p.found != "" {
		return p.found, nil
	}
	path, err := config.Find(p.configFile, p.env, runtime.GOOS)
	if err != nil {
		return "", exit.Usage(err)
	}
	vars, err := config.ReadEnv(path)
	switch {
	case errors.Is(err, fs.ErrPermission): // who needs none of them can do without
		p.unread = err
	case err != nil:
		return "", exit.Usage(err)
	}
	p.vars, p.found = vars, path
	return path, nil
}

// lookup returns a variable of the environment, else of the file beside the configuration.
func (p *place) lookup(name string) (string, bool) {
	if v, ok := p.env(name); ok {
		return v, true
	}
	v, ok := p.vars[name]
	return v, ok
}

// configPath returns where the configuration lies. From here on root is the one whose state it is.
func (p *place) configPath() (string, error) {
	path, err := p.findConfig()
	if err != nil {
		return "", err
	}
	if err := p.become(path); err != nil {
		return "", err
	}
	return path, nil
}

// become makes root act as the owner of the state's folder, or of the configuration where a database keeps the state.
func (p *place) become(configuration string) error {
	state := p.stateFile
	if state == "" {
		var err error
		if state, err = config.StatePath(configuration, p.lookup); err != nil {
			return nil // a mistake of the configuration, which is told when it is read
		}
	}
	whose := filepath.Dir(state)
	if strings.Contains(state, "://") {
		if whose = configuration; whose == "" {
			whose, _ = config.Find(p.configFile, p.env, runtime.GOOS) // none is as good as root's
		}
	}
	p.caller()
	as, err := owner.Act(whose)
	if as != "" {
		p.actsAs = as
	}
	return err
}

// caller returns the name of the person who runs this.
func (p *place) caller() string {
	if p.who == "" {
		p.who = whoami()
		if name, _ := p.env("SUDO_USER"); name != "" && p.who == "root" {
			p.who = name
		}
	}
	return p.who
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
	cfg, err := load(path, a.lookup)
	if err != nil {
		if a.unread != nil {
			err = fmt.Errorf("%w\n%w", err, a.unread)
		}
		return nil, exit.Usage(err)
	}
	if a.LogFormat == "" {
		a.LogFormat = cfg.Log.Format
	}
	return cfg, nil
}

func (p *place) stateOf(cfg *config.Config) string {
	if p.stateFile != "" {
		return p.stateFile
	}
	return cfg.State
}

// secretFlag refuses a password in a flag, which every user of the machine can read.
func secretFlag(state string) error {
	if u, err := url.Parse(state); store.Remote(state) && err == nil {
		if _, secret := u.User.Password(); secret || u.Query().Has("password") {
			return exit.Usage(errors.New("--state: a password in a flag is seen by everybody on this machine: use " +
				"PGPASSFILE, or state in " +
				"the configuration"))
		}
	}
	return nil
}

// statePath returns where the state lies; with --state no configuration is needed for it.
func (a *app) statePath() (string, error) {
	if err := secretFlag(a.stateFile); err != nil {
		return "", err
	}
	if a.stateFile != "" {
		return a.stateFile, a.become("")
	}
	cfg, err := a.settings()
	if err != nil {
		return "", err
	}
	return cfg.State, nil
}

// offlineKit returns the rules for judging a message without servers: those of the configuration where there is one,
// the defaults else. A mailbox that is named must be one of it.
func (a *app) offlineKit(mailbox string) (k pass.Kit, zone *time.Location, err error) {
	cfg, err := a.settings()
	if errors.Is(err, config.ErrNotFound) {
		cfg, err = config.Default(), nil
	}
	if err != nil {
		return k, nil, err
	}
	if mailbox != "" {
		if err := known(cfg, mailbox); err != nil {
			return k, nil, exit.Usage(err)
		}
	}
	k, err = wiring.Kit(cfg)
	return k, cfg.Location(mailbox), err
}

// wire puts a pass together, by this run's log and clock.
func (a *app) wire(cfg *config.Config, s *store.Store, known *wiring.Servers) (*wiring.Parts, error) {
	log := a.Logger(cfg.Log.Level, cfg.Log.Format)
	return wiring.New(cfg, s, wiring.Options{Log: log, Now: a.clockOf(s), Sleep: a.sleep, Record: a.recordDir,
		Servers: known,
		Folders: a.folders(a.stateOf(cfg))})
}

// clockOf returns the clock that a state goes by.
func (a *app) clockOf(s *store.Store) func() time.Time {
	return func() time.Time { return s.Now(a.now()) }
}

// folders returns where long messages lie while they are worked on: for temporary files, or else beside the state.
func (p *place) folders(state string) spool.Folders {
	return spool.Folders{"", filepath.Dir(p.beside(state))}
}

// beside returns what the names of files that belong to the state begin with: its own name, or where it lies on a
// server a name beside the configuration.
func (p *place) beside(state string) string {
	if !strings.Contains(state, "://") {
		return state
	}
	path, _ := p.configPath() // it was read before
	return filepath.Join(filepath.Dir(path), "helpdesk")
}
