package config

import (
	"reflect"
	"strings"
)

// Load reads a configuration file and checks all of it; env looks up a variable of the environment. All mistakes in the
// file are returned at once, as Mistakes.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	return opened(path, func(f *File) (*Config, error) { return f.Load(env) })
}

// LoadOffline is Load for commands that contact no server: a secret whose variable is not set, or whose file cannot be
// read, stays empty and is not a mistake.
func LoadOffline(path string, env func(string) (string, bool)) (*Config, error) {
	return opened(path, func(f *File) (*Config, error) { return f.LoadOffline(env) })
}

func opened(path string, load func(*File) (*Config, error)) (*Config, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	return load(f)
}

// Load is the function Load for an open file.
func (f *File) Load(env func(string) (string, bool)) (*Config, error) { return f.load(env, false) }

// LoadOffline is the function LoadOffline for an open file.
func (f *File) LoadOffline(env func(string) (string, bool)) (*Config, error) {
	return f.load(env, true)
}

func (f *File) load(env func(string) (string, bool), offline bool) (*Config, error) {
	d := f.decoder(env)
	d.offline = offline
	c := Default()
	d.config = c
	if len(d.mistakes) == 0 {
		d.mapping("", f.body, reflect.ValueOf(c).Elem())
		c.State = d.state(c.State)
		c.fillPorts()
		d.check(c)
	}
	if len(d.mistakes) > 0 {
		d.mistakes.sort()
		return nil, d.mistakes
	}
	if c.Bitrix24.Webhook != "" {
		c.Bitrix24.Webhook = strings.TrimRight(c.Bitrix24.Webhook, "/") + "/"
	}
	return c, nil
}
