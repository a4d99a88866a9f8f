package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"helpdesk/pkg/lazy"
)

// Remote reports whether the state is the address of a database, not the path of a file.
func Remote(state string) bool { return strings.Contains(state, "://") }

var (
	errLocation = errors.New("is neither a file nor postgres://USER@HOST/DATABASE")
	scheme      = lazy.Regexp(`^[A-Za-z][A-Za-z0-9+.-]*$`)
	// An address that is written in another way, such as libpq's host=… dbname=…, or without the two slashes.
	misspelt = lazy.Regexp(`(?i)^postgres(ql)?(:|//)|:[^/\\]*@|(^|\s)(host|dbname|password)\s*=`)
)

// Location returns an error if a state's location is neither a file nor an address of a database. A misspelt address is
// not taken for a file, since the file's name would contain the password. The error does not contain the location.
func Location(state string) error {
	name, _, remote := strings.Cut(state, "://")
	switch {
	case remote && (name == "postgres" || name == "postgresql"):
		return nil
	case remote && scheme().MatchString(name):
		return fmt.Errorf("%w: %s:// is not known", errLocation, name)
	case remote, odd(state) && misspelt().MatchString(state):
		return errLocation
	}
	return nil
}

// odd reports whether a location may be misspelt. That of an ordinary file is not, so passes compile no pattern. What
// begins like a path is a file, whatever its folders are called.
func odd(state string) bool {
	switch {
	case strings.HasPrefix(state, "//"):
		return true
	case strings.HasPrefix(state, "/"), strings.HasPrefix(state, "."), len(state) > 2 && state[1:3] == `:\`:
		return false
	}
	return strings.ContainsAny(state, ":=") || strings.Contains(state, "//")
}

// state returns the state's location: an address of a database unchanged, a path relative to the folder of the
// configuration.
func (d *decoder) state(s string) string {
	if err := Location(s); err != nil {
		d.once("state", "%s", err)
		return s
	}
	if Remote(s) {
		return WithPassfile(s, d.env)
	}
	return d.path(s)
}

// WithPassfile adds the file with the password to an address of a database, if the variable PGPASSFILE names one. The
// database's library reads only the environment, but the variable may be in the file next to the configuration.
func WithPassfile(state string, env func(string) (string, bool)) string {
	file, _ := env("PGPASSFILE")
	if file == "" || !Remote(state) || strings.Contains(state, "passfile=") {
		return state
	}
	separator := "?"
	if strings.Contains(state, "?") {
		separator = "&"
	}
	return state + separator + "passfile=" + url.QueryEscape(file)
}
