package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"helpdesk/pkg/config"
)

// The crontab's command runs a pass, whatever the paths are.
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
	if got, want := unitCommand(words), `"/o p/100%%/$x" --config "/e/a$$b\"c\\d%%.yaml" --timeout 10m poll`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	words = []string{`C:\Program Files\helpdesk.exe`, "--config", `C:\helpdesk.yaml`, "poll"}
	if got, want := windowsCommand(words), `\"C:\Program Files\helpdesk.exe\" --config \"C:\helpdesk.yaml\" poll`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Below /etc no pass may write, so init puts the state elsewhere.
func TestStateOfAConfigurationBelowEtc(t *testing.T) {
	for dir, want := range map[string]string{
		"/etc/helpdesk": "state: /var/lib/helpdesk/helpdesk.db #",
		"/etc":          "state: /var/lib/helpdesk/helpdesk.db #",
		"/etcetera":     "state: helpdesk.db  ",
		"here":          "state: helpdesk.db  ",
	} {
		if got := housed(string(config.Example("ru")), dir); !strings.Contains(got, "\n"+want) {
			t.Errorf("%s: no %q", dir, want)
		}
	}
}

// The printed schedules do what the examples do.
func TestExamplesAreLikeSchedules(t *testing.T) {
	printed := schedules["systemd"] + schedules["cron"]
	for file, wants := range map[string][]string{
		"helpdesk.service": {
			"User=helpdesk", "SuccessExitStatus=75", "TimeoutStartSec=25min",
			"ExecStart=-/usr/bin/helpdesk poll",
			"ExecStart=/usr/bin/helpdesk notify",
			"StateDirectory=helpdesk", "UMask=0077", "NoNewPrivileges=yes", "PrivateTmp=yes", "ProtectSystem=strict",
		},
		"helpdesk.timer": {"OnCalendar=minutely", "WantedBy=timers.target"},
		"crontab":        {"* * * * * helpdesk /usr/bin/helpdesk poll", "* * * * * helpdesk sleep 30; /usr/bin/helpdesk notify"},
	} {
		raw, err := os.ReadFile("../examples/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(raw), "\n"+want+"\n") {
				t.Errorf("%s has no %s", file, want)
			}
			key, _, _ := strings.Cut(want, "=")
			if file != "crontab" && !regexp.MustCompile(`(?m)^(\{\{.*\}\})?`+key+"=").MatchString(printed) {
				t.Errorf("the printed schedule has no %s", key)
			}
		}
	}
}
