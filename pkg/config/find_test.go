package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
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

// A folder that may not be searched is skipped: sudo -u helpdesk starts in folders of other users.
func TestFindFromAFolderOfSomebodyElse(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("no folder is shut to this user")
	}
	programData, shut := t.TempDir(), t.TempDir()
	ofMachine := filepath.Join(programData, "helpdesk", "helpdesk.yaml")
	touch(t, ofMachine)
	t.Chdir(shut)
	if err := os.Chmod(shut, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(shut, 0o700) })
	got, err := Find("", environment("ProgramData", programData), "windows")
	if got != ofMachine || err != nil {
		t.Errorf("%q, %v; want %q", got, err, ofMachine)
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
