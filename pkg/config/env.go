package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"helpdesk/pkg/lazy"
)

// EnvFile is the name of the file of variables next to the configuration.
const EnvFile = "helpdesk.env"

var assignment = lazy.Regexp(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// ReadEnv reads the file of variables next to a configuration: lines of NAME='value', NAME="value" or NAME=value, empty
// lines, and comments that begin with #. It returns Mistakes for other lines, and nothing if there is no file.
//
// sh and systemd (systemd.exec(5), EnvironmentFile) read these forms the same way. Variables in values are not
// expanded.
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
		if !ok { // the message never quotes the line: it may contain a secret
			wrong = append(wrong, Mistake{
				File:    file,
				Line:    i + 1,
				Column:  1,
				Message: "a line NAME='value' is wanted; a value with a quote in it goes into a file of its own",
			})
			continue
		}
		if value != "" { // init writes empty values for people to fill in
			vars[m[1]] = value
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return vars, nil
}

// unquoted returns the value of a variable, and whether sh and systemd read the same value.
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
