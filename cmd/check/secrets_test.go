package check

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"helpdesk/pkg/config"
)

// Every file with secrets that everybody can read gets a warning.
func TestReadableSecrets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the rights of files are told in another way")
	}
	const (
		plain  = "password: s3cret-word\n"
		byEnv  = "password: ${HELPDESK_PASSWORD}\n"
		byFile = "password: ${file:secret.txt}\n"
	)
	cfg := &config.Config{Mailboxes: []config.Mailbox{{IMAP: config.IMAP{Password: "s3cret-word"}}}}
	for _, c := range []struct {
		name, settings     string
		config, env, other os.FileMode
		state              os.FileMode
		want               string
	}{
		{"written there", plain, 0o644, 0o600, 0o600, 0o600, "helpdesk.yaml"},
		{"written there, for a group", plain, 0o640, 0o600, 0o600, 0o600, ""},
		{"named there", byEnv, 0o644, 0o600, 0o600, 0o600, ""},
		{"the variables", byEnv, 0o644, 0o644, 0o600, 0o600, "helpdesk.env"},
		{"a file of its own", byFile, 0o644, 0o600, 0o604, 0o600, "secret.txt"},
		{"the state", byEnv, 0o644, 0o600, 0o600, 0o644, "helpdesk.db"},
		{"the state, for a group", byEnv, 0o644, 0o600, 0o600, 0o660, ""},
		{"all", plain + byFile, 0o644, 0o666, 0o644, 0o604, "helpdesk.env helpdesk.db helpdesk.yaml secret.txt"},
	} {
		dir := t.TempDir()
		for name, f := range map[string]struct {
			text string
			mode os.FileMode
		}{
			"helpdesk.yaml": {c.settings, c.config},
			"helpdesk.env":  {"A='b'\n", c.env},
			"secret.txt":    {"s3cret-word\n", c.other},
			"helpdesk.db":   {"the state", c.state},
		} {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(f.text), f.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, f.mode); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, l := range checkSecrets(Subject{Settings: cfg, File: filepath.Join(dir, "helpdesk.yaml"),
			State: filepath.Join(dir, "helpdesk.db"), Say: said}) {
			if !l.OK || !l.Warning || strings.Contains(l.Note, "s3cret") {
				t.Errorf("%s: %+v", c.name, l)
			}
			got = append(got, filepath.Base(strings.Fields(l.Note)[len(strings.Fields(l.Note))-1]))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", c.name, got, c.want)
		}
	}
}
