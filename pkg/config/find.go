package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNotFound says that no configuration file is where one is looked for.
var ErrNotFound = errors.New("no configuration found")

// Find returns the configuration file to use: the flag's, else $HELPDESK_CONFIG, else ./helpdesk.yaml, else that of the
// machine. The first two are taken as they are; whether they can be read, Load finds out.
func Find(flag string, env func(string) (string, bool), goos string) (path string, err error) {
	if flag != "" {
		return flag, nil
	}
	if path, _ := env("HELPDESK_CONFIG"); path != "" {
		return path, nil
	}
	places := []string{"helpdesk.yaml", machine(env, goos)}
	for _, p := range places {
		st, err := os.Stat(p)
		switch {
		case err == nil && !st.IsDir():
			return p, nil
		case errors.Is(err, os.ErrPermission) && !filepath.IsAbs(p) && unsearchable(p):
			// Whoever may not look into this folder did not put a configuration there: sudo -u keeps the caller's.
		case err != nil && !errors.Is(err, os.ErrNotExist):
			// One that is there but may not be read is not passed over for another.
			return "", fmt.Errorf("find configuration: %w", err)
		}
	}
	return "", fmt.Errorf("%w: looked for $HELPDESK_CONFIG, %s; `helpdesk init` writes one", ErrNotFound,
		strings.Join(places, ", "))
}

// unsearchable reports whether the folder of a file may not be searched, be the file there or not.
func unsearchable(file string) bool {
	_, err := os.Lstat(file)
	return errors.Is(err, os.ErrPermission)
}

// machine returns the configuration file of the whole machine.
func machine(env func(string) (string, bool), goos string) string {
	if goos != "windows" {
		return "/etc/helpdesk/helpdesk.yaml"
	}
	folder, ok := env("ProgramData")
	if !ok || folder == "" {
		folder = `C:\ProgramData`
	}
	return filepath.Join(folder, "helpdesk", "helpdesk.yaml")
}
