package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"helpdesk/pkg/lazy"
)

// EnvFile is the name of the file of variables beside a configuration.
const EnvFile = "helpdesk.env"

var assignment = lazy.Regexp(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// ReadEnv reads the file of variables beside a configuration: a line NAME='value', NAME="value" or NAME=value each,
// empty ones, and comments that begin with #. It returns Mistakes for lines of another form, and nothing where there is
// no file.
//
// The forms are those that sh and systemd (systemd.exec(5), EnvironmentFile) read in the same way. Nothing is expanded.
func ReadEnv(configuration string) (map[string]string, error) {
	file := filepath.Join(filepath.Dir(configuration), EnvFile)
	raw, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read variables: %w", err)
	}
	vars := map[string]string{}
	var wrong Mistakes
	for i, line := range strings.Split(strings.TrimPrefix(string(raw), "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		m := assignment().FindStringSubmatch(line)
		value, ok := "", false
		if m != nil {
			value, ok = unquoted(m[2])
		}
		if !ok { // never the line itself: it may hold a secret
			wrong = append(wrong, Mistake{
				File:    file,
				Line:    i + 1,
				Column:  1,
				Message: "a line NAME='value' is wanted; a value with a quote in it goes into a file of its own",
			})
			continue
		}
		if value != "" { // as init leaves it: not filled in yet
			vars[m[1]] = value
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return vars, nil
}

// unquoted returns the value of a variable, and whether sh and systemd read the same in it.
func unquoted(s string) (string, bool) {
	if s == "" {
		return "", true
	}
	switch q := s[0]; q {
	case '\'', '"':
		end := strings.IndexByte(s[1:], q)
		if end < 0 {
			return "", false
		}
		value, rest := s[1:1+end], strings.TrimSpace(s[2+end:])
		return value, (rest == "" || rest[0] == '#') && (q == '\'' || !strings.ContainsAny(value, "\\$`"))
	}
	return s, !strings.ContainsAny(s, " \t'\"\\$`;&|<>()#")
}
