package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNotFound reports that no configuration file is in any of the usual places.
var ErrNotFound = errors.New("no configuration found")

// Find returns the configuration file to use: the flag's, else $HELPDESK_CONFIG, else ./helpdesk.yaml, else that of the
// machine. The first two are returned without a look at the file; Load reports if they cannot be read.
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
			// Users have no configuration in a folder that they may not search; sudo -u keeps the caller's folder.
		case err != nil && !errors.Is(err, os.ErrNotExist):
			// An unreadable configuration is an error. The next place is not tried, because it may have other settings.
			return "", fmt.Errorf("find configuration: %w", err)
		}
	}
	return "", fmt.Errorf("%w: looked for $HELPDESK_CONFIG, %s; `helpdesk init` writes one", ErrNotFound,
		strings.Join(places, ", "))
}

// unsearchable reports whether the folder of a file may not be searched, whether or not the file exists.
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
