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

// The crontab's command runs both passes with the variables, whatever the paths are and whatever poll ends with.
func TestCronCommandRuns(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	dir := filepath.Join(t.TempDir(), `a b%c'd $e"f`)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	binary, env := filepath.Join(dir, "helpdesk"), filepath.Join(dir, "helpdesk.env")
	for path, text := range map[string]string{
		binary: "#!/bin/sh\necho \"$# $1 $HELPDESK_X\"; exit 2\n",
		env:    "# variables\nHELPDESK_X='p $%\"w'\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	line := cronCommand(env, []string{binary, "poll"}, []string{binary, "notify", dir})
	if regexp.MustCompile(`(^|[^\\])%`).MatchString(line) {
		t.Errorf("cron would end it at a %%: %s", line)
	}
	run := func() string {
		out, _ := exec.Command(sh, "-c", strings.ReplaceAll(line, `\%`, "%")).CombinedOutput()
		return string(out)
	}
	if got, want := run(), "1 poll p $%\"w\n2 notify p $%\"w\n"; got != want {
		t.Errorf("%s\nprints %q, want %q", line, got, want)
	}
	if err := os.Remove(env); err != nil { // the secrets may lie elsewhere
		t.Fatal(err)
	}
	if got, want := run(), "1 poll \n2 notify \n"; got != want {
		t.Errorf("without variables: %q, want %q", got, want)
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
		if got := housed(string(config.Example()), dir); !strings.Contains(got, "\n"+want) {
			t.Errorf("%s: no %q", dir, want)
		}
	}
}

// The printed schedules do what the examples do.
func TestExamplesAreLikeSchedules(t *testing.T) {
	printed := schedules["systemd"] + schedules["cron"]
	for file, wants := range map[string][]string{
		"helpdesk.service": {
			"User=helpdesk", "EnvironmentFile=-/etc/helpdesk/helpdesk.env", "SuccessExitStatus=75", "TimeoutStartSec=25min",
			"ExecStart=-/usr/local/bin/helpdesk --config /etc/helpdesk/helpdesk.yaml --timeout 10m poll",
			"ExecStart=/usr/local/bin/helpdesk --config /etc/helpdesk/helpdesk.yaml --timeout 10m notify",
			"StateDirectory=helpdesk", "UMask=0077", "NoNewPrivileges=yes", "PrivateTmp=yes", "ProtectSystem=strict",
		},
		"helpdesk.timer": {"OnCalendar=minutely", "WantedBy=timers.target"},
		"crontab": {"* * * * *    helpdesk  set -a; [ ! -r /etc/helpdesk/helpdesk.env ] || . /etc/helpdesk/helpdesk.env; " +
			"helpdesk --config /etc/helpdesk/helpdesk.yaml --timeout 10m poll; helpdesk --config /etc/helpdesk/helpdesk.yaml --timeout 10m notify"},
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
