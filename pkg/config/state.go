package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// StatePath returns the path or address of the state in a configuration file, ignoring the other keys: the caller may
// not have the variables of their secrets.
func StatePath(path string, env func(string) (string, bool)) (string, error) {
	d, state, err := lone(path, env, Default().State, "state")
	if err != nil {
		return "", err
	}
	return d.state(state), nil
}

// Locale returns letters.locale of a configuration file, ignoring the other keys.
func Locale(path string, env func(string) (string, bool)) (string, error) {
	_, locale, err := lone(path, env, Default().Letters.Locale, "letters", "locale")
	return locale, err
}

// lone returns the text of one key of a configuration file, or otherwise if the file does not have the key.
func lone(path string, env func(string) (string, bool), otherwise string, keys ...string) (*decoder, string, error) {
	d, raw, err := open(path, env)
	if err != nil {
		return nil, "", err
	}
	node, ok := d.parse(raw)
	if !ok {
		return nil, "", d.mistakes
	}
	for _, key := range keys {
		entries, _ := pairs(node)
		i := slices.IndexFunc(entries, func(e *ast.MappingValueNode) bool { return e.Key.GetToken().Value == key })
		if i < 0 {
			return d, otherwise, nil
		}
		node = entries[i].Value
	}
	text, isText, ok := literal(node)
	if !ok || text == "" {
		return d, otherwise, nil
	}
	if text, err = d.expand(text, isText); err != nil {
		return nil, "", fmt.Errorf("%s: %s: %w", path, strings.Join(keys, "."), err)
	}
	return d, text, nil
}

// Remote reports whether the state is the address of a database, not the path of a file.
func Remote(state string) bool { return strings.Contains(state, "://") }

// state returns the state's location: an address of a database unchanged, a path relative to the folder of the
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
