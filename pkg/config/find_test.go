package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	programData := t.TempDir()
	env := environment("ProgramData", programData)
	t.Chdir(t.TempDir())

	if _, err := Find("", env, "windows"); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), programData) {
		t.Errorf("nothing there: %v", err)
	}
	ofMachine := filepath.Join(programData, "helpdesk", "helpdesk.yaml")
	touch(t, ofMachine)
	want := func(path, flag string, env func(string) (string, bool)) {
		t.Helper()
		if got, err := Find(flag, env, "windows"); got != path || err != nil {
			t.Errorf("%q, %v; want %q", got, err, path)
		}
	}
	want(ofMachine, "", env)
	touch(t, "helpdesk.yaml")
	want("helpdesk.yaml", "", env)
	want("env.yaml", "", environment("HELPDESK_CONFIG", "env.yaml"))
	want("flag.yaml", "flag.yaml", environment("HELPDESK_CONFIG", "env.yaml"))
	want("helpdesk.yaml", "", environment("HELPDESK_CONFIG", ""))
	if got := machine(env, "linux"); got != "/etc/helpdesk/helpdesk.yaml" {
		t.Error(got)
	}
	if got := machine(environment(), "windows"); !strings.HasPrefix(got, `C:\ProgramData`) {
		t.Error(got)
	}
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
