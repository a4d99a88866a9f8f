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
	"helpdesk/pkg/quote"
	"helpdesk/pkg/spool"
	"helpdesk/pkg/store"
)

// place is where the settings and the state of a run are, and who owns them.
type place struct {
	env        func(string) (string, bool)
	vars       map[string]string // from the file next to the configuration
	unread     error             // why that file could not be read
	who        string            // the person who runs this
	actsAs     string            // the user that root acts as; "" = unchanged
	configFile string
	stateFile  string
	found      string // path of the configuration; "" = not looked for yet
}

// findConfig returns the path of the configuration, and loads the variables from the file next to it; variables of the
// environment win. It looks only once: the user that root acts as may not be able to read root's folder.
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
	case errors.Is(err, fs.ErrPermission): // not needed by all users
		p.unread = err
	case err != nil:
		return "", exit.Usage(err)
	}
	p.vars, p.found = vars, path
	return path, nil
}

// lookup returns a variable of the environment, else of the file next to the configuration.
func (p *place) lookup(name string) (string, bool) {
	if v, ok := p.env(name); ok {
		return v, true
	}
	v, ok := p.vars[name]
	return v, ok
}

// opened returns the configuration. It makes root act as the owner of the state from here on, and opens the file again
// as that user, who may not be able to read it.
func (p *place) opened() (*config.File, error) {
	path, err := p.findConfig()
	if err != nil {
		return nil, err
	}
	f, err := config.Open(path)
	if err != nil {
		return nil, p.unusable(err)
	}
	state := p.stateFile
	if state == "" {
		if state, err = f.StatePath(p.lookup); err != nil {
			return f, nil // reading the configuration will report the mistake
		}
	}
	changed, err := p.become(state)
	if err != nil || !changed {
		return f, err
	}
	if f, err = config.Open(path); err != nil {
		return nil, p.unusable(err)
	}
	return f, nil
}

// unusable returns the usage error for a configuration that can't be used. If the variables could not be read either,
// it says so.
func (p *place) unusable(err error) error {
	if p.unread != nil {
		err = fmt.Errorf("%w\n%w", err, p.unread)
	}
	return exit.Usage(err)
}

// become makes root act as the owner of the state's folder, or of the configuration if the state is in a database. It
// reports whether the user has changed.
func (p *place) become(state string) (changed bool, err error) {
	whose := filepath.Dir(state)
	if strings.Contains(state, "://") {
		if whose = p.found; whose == "" {
			whose, _ = config.Find(p.configFile, p.env, runtime.GOOS) // without a configuration root stays root
		}
	}
	p.caller()
	as, err := owner.Act(whose)
	if as != "" {
		p.actsAs = as
	}
	return as != "", err
}

// caller returns the name of the person who runs this, also through sudo.
func (p *place) caller() string {
	if p.who == "" {
		p.who = whoami()
		if name, _ := p.env("SUDO_USER"); name != "" && p.who == "root" {
			p.who = name
		}
	}
	return p.who
}

// settings reads the configuration strictly, but secrets may be missing. Commands that talk to a server use
// serverSettings.
func (a *app) settings() (*config.Config, error) { return a.read((*config.File).LoadOffline) }

// serverSettings reads the configuration with all its secrets.
func (a *app) serverSettings() (*config.Config, error) { return a.read((*config.File).Load) }

// read reads the configuration. An unreadable file is a usage error, as are mistakes in it.
func (a *app) read(load func(*config.File, func(string) (string, bool)) (*config.Config, error)) (*config.Config,
	error) {
	f, err := a.opened()
	if err != nil {
		return nil, err
	}
	cfg, err := load(f, a.lookup)
	if err != nil {
		return nil, a.unusable(err)
	}
	if a.LogFormat == "" {
		a.LogFormat = cfg.Log.Format
	}
	return cfg, nil
}

func (p *place) stateOf(cfg *config.Config) string {
	if p.stateFile != "" {
		return p.located(p.stateFile)
	}
	return cfg.State
}

// located adds to the address of a database what the file next to the configuration says about its password.
func (p *place) located(state string) string {
	if !store.Remote(state) {
		return state
	}
	_, _ = p.findConfig() // without a configuration the environment alone counts
	return config.WithPassfile(state, p.lookup)
}

// stateArgument returns an error if an argument is neither a file nor an address of a database, or if it contains a
// password, because every user of the machine can read it.
func stateArgument(state string) error {
	if err := config.Location(state); err != nil {
		return exit.Usage(fmt.Errorf("this state %w", err))
	}
	if u, err := url.Parse(state); store.Remote(state) && err == nil {
		if _, secret := u.User.Password(); secret || u.Query().Has("password") || u.Query().Has("sslpassword") {
			return exit.Usage(errors.New("--state: a password in a flag is seen by everybody on this machine: use " +
				"PGPASSFILE, or state in the configuration"))
		}
	}
	return nil
}

// statePath returns the path or the address of the state; with --state it needs no configuration.
func (a *app) statePath() (string, error) {
	if a.stateFile != "" {
		state := a.located(a.stateFile)
		_, err := a.become(state)
		return state, err
	}
	cfg, err := a.settings()
	if err != nil {
		return "", err
	}
	return cfg.State, nil
}

// offline is what judging a message without servers needs.
type offline struct {
	pass.Kit
	cutter *quote.Cutter
	zone   *time.Location
}

// offlineKit returns the rules for judging a message without servers: those of the configuration if there is one, else
// the defaults. A named mailbox must be in the configuration.
func (a *app) offlineKit(mailbox string) (o offline, err error) {
	cfg, err := a.settings()
	if errors.Is(err, config.ErrNotFound) {
		cfg, err = config.Default(), nil
	}
	if err != nil {
		return o, err
	}
	if mailbox != "" {
		if err := known(cfg, mailbox); err != nil {
			return o, exit.Usage(err)
		}
	}
	o.zone = cfg.Location(mailbox)
	if o.Kit, err = wiring.Kit(cfg); err == nil {
		o.cutter, err = wiring.Cutter(cfg)
	}
	return o, err
}

// wire assembles a pass with this run's log and clock.
func (a *app) wire(cfg *config.Config, s *store.Store, known *wiring.Servers) (*wiring.Parts, error) {
	log := a.Logger(cfg.Log.Level, cfg.Log.Format)
	return wiring.New(cfg, s, wiring.Options{Log: log, Now: a.clockOf(s), Sleep: a.sleep, Record: a.recordDir,
		Servers: known,
		Folders: a.folders(a.stateOf(cfg))})
}

// clockOf returns the clock of a state.
func (a *app) clockOf(s *store.Store) func() time.Time {
	return func() time.Time { return s.Now(a.now()) }
}

// folders returns the folders for long messages in progress: that of temporary files, else the state's folder.
func (p *place) folders(state string) spool.Folders {
	return spool.Folders{"", filepath.Dir(p.beside(state))}
}

// beside returns the prefix of the files that belong to a state: the path of the state file, or for a database a name
// next to the configuration.
func (p *place) beside(state string) string {
	if !strings.Contains(state, "://") {
		return state
	}
	path, _ := p.findConfig() // read before, so there is no error
	return filepath.Join(filepath.Dir(path), "helpdesk")
}
