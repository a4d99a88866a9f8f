package config

import (
	"fmt"
	"strings"
)

// StatePath returns where a configuration file puts the state, whatever else stands in it: who asks may not have the
// variables that hold its secrets.
func StatePath(path string, env func(string) (string, bool)) (string, error) {
	d, raw, err := open(path, env)
	if err != nil {
		return "", err
	}
	body, ok := d.parse(raw)
	if !ok {
		return "", d.mistakes
	}
	state := Default().State
	entries, _ := pairs(body)
	for _, e := range entries {
		if e.Key.GetToken().Value != "state" {
			continue
		}
		if text, isText, ok := literal(e.Value); ok && text != "" {
			if state, err = d.expand(text, isText); err != nil {
				return "", fmt.Errorf("%s: state: %w", path, err)
			}
		}
	}
	return d.state(state), nil
}

// Remote reports whether a state's address is that of a database, and not the path of a file.
func Remote(state string) bool { return strings.Contains(state, "://") }

// state returns where the state lies: a database's address as it is, a path relative to the folder of the
// configuration.
func (d *decoder) state(s string) string {
	if !Remote(s) {
		return d.path(s)
	}
	if scheme, _, _ := strings.Cut(s, "://"); scheme != "postgres" && scheme != "postgresql" {
		d.once("state", "is neither a file nor postgres://USER@HOST/DATABASE: %s:// is not known", scheme)
	}
	return s
}
