package config

import "strings"

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
