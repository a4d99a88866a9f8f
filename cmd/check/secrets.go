package check

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"helpdesk/pkg/config"
	"helpdesk/pkg/lazy"
	"helpdesk/pkg/store"
)

// named matches a value that the settings read from a file.
var named = lazy.Regexp(`\$\{file:([^}]+)\}`)

// checkSecrets warns of each file that holds secrets and that everybody on the machine can read: the settings where
// they name secrets themselves, the variables beside them, the files that they take secrets from, and the state with
// its tokens. On Windows the rights of files are told in another way.
func checkSecrets(u Subject) []Line {
	cfg, file := u.Settings, u.File
	if runtime.GOOS == "windows" || file == "" {
		return nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil // the settings were read from it a moment ago
	}
	files := []string{filepath.Join(filepath.Dir(file), config.EnvFile)}
	if !store.Remote(u.State) {
		files = append(files, u.State)
	}
	if slices.ContainsFunc(cfg.Secrets(), func(s string) bool {
		return s != "" && bytes.Contains(content, []byte(s))
	}) {
		files = append(files, file)
	}
	for _, m := range named().FindAllSubmatch(content, -1) {
		name := strings.TrimSpace(string(m[1]))
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		files = append(files, name)
	}
	var all []Line
	for _, f := range files {
		if st, err := os.Stat(f); err == nil && st.Mode().Perm()&0o004 != 0 {
			all = append(all, Line{
				What:    "secrets",
				OK:      true,
				Warning: true,
				Note:    u.Say("check.secrets", f),
			})
		}
	}
	return all
}
