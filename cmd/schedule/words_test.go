package schedule

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The crontab's command runs a pass for any paths.
func TestCronCommandRuns(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	dir := filepath.Join(t.TempDir(), `a b%c'd $e"f`)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "helpdesk")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\necho \"$# $1 $2\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	line := cronCommand([]string{binary, "notify", dir})
	if regexp.MustCompile(`(^|[^\\])%`).MatchString(line) {
		t.Errorf("cron would end it at a %%: %s", line)
	}
	out, err := exec.Command(sh, "-c", strings.ReplaceAll(line, `\%`, "%")).CombinedOutput()
	if want := "2 notify " + dir + "\n"; err != nil || string(out) != want {
		t.Errorf("%s\nprints %q, %v; want %q", line, out, err, want)
	}
}

func TestUnitAndWindowsCommands(t *testing.T) {
	words := []string{`/o p/100%/$x`, "--config", `/e/a$b"c\d%.yaml`, "--timeout", "10m", "poll"}
	if got, want := unitCommand(
		words), `"/o p/100%%/$x" --config "/e/a$$b\"c\\d%%.yaml" --timeout 10m poll`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	words = []string{`C:\Program Files\helpdesk.exe`, "--config", `C:\helpdesk.yaml`, "poll"}
	if got, want := windowsCommand(
		words), `\"C:\Program Files\helpdesk.exe\" --config \"C:\helpdesk.yaml\" poll`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
