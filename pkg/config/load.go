package config

import (
	"reflect"
	"strings"
)

// LoadOffline opens a configuration file and reads it by File.LoadOffline.
func LoadOffline(path string, env func(string) (string, bool)) (*Config, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	return f.LoadOffline(env)
}

// Load checks all of the file; env looks up a variable of the environment. All mistakes in the file are returned at
// once, as Mistakes.
func (f *File) Load(env func(string) (string, bool)) (*Config, error) { return f.load(env, false) }

// LoadOffline is Load for commands that contact no server: a secret whose variable is not set, or whose file cannot be
// read, stays empty and is not a mistake.
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
