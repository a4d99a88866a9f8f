package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"text/template"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/config"
)

// The schedules, by kind. Poll and notify take turns on the state, and each ends by itself; what poll leaves undone
// does not keep notify from its work.
var schedules = map[string]string{
	"cron": `# /etc/cron.d/helpdesk: both passes every minute, as the user {{.User}}. What goes wrong is printed, and cron mails it.
{{template "setup" .}}
# In a user's own crontab (crontab -e) leave out the sixth column, the user.

SHELL=/bin/sh
MAILTO=root

* * * * * {{.User}} {{cron .Poll}}
# Half a minute later, so that neither waits for the other.
* * * * * {{.User}} sleep 30; {{cron .Notify}}
`,
	"systemd": `# Two units, written and started by a script: helpdesk schedule systemd | sh
{{template "setup" .}}

cat > /etc/systemd/system/helpdesk.service <<'END'
[Unit]
Description=helpdesk: mail to Bitrix24 tasks and back
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={{.User}}
# The dash lets notify run when poll left something undone; the exit status of notify is the unit's, that of poll is in the journal.
ExecStart=-{{unit .Poll}}
ExecStart={{unit .Notify}}
# 75: a server is away, the next run tries again; not a failure of the unit.
SuccessExitStatus=75
TimeoutStartSec=25min
UMask=0077
# It writes into the folder of its state and nowhere else; for more protection see examples/helpdesk.service.
{{if eq .Folder "/var/lib/helpdesk"}}StateDirectory=helpdesk
StateDirectoryMode=0700
{{else}}ReadWritePaths={{unit .Folders}}
{{end}}NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
END

cat > /etc/systemd/system/helpdesk.timer <<'END'
[Unit]
Description=helpdesk every minute

[Timer]
OnCalendar=minutely
AccuracySec=1s

[Install]
WantedBy=timers.target
END

systemctl daemon-reload
systemctl enable --now helpdesk.timer
`,
	"windows": `chcp 65001 >nul
rem Paste this into cmd.exe (not PowerShell) that runs as administrator, or write it to a file there and start that:
rem   helpdesk schedule windows > schedule.cmd
rem The tasks run as SYSTEM, who has none of your variables: every command reads {{.Env}} by itself,
rem a line NAME='value' for each variable that the configuration names. Let SYSTEM and administrators alone read it, and the state:
rem   icacls "{{.Env}}" /inheritance:r /grant *S-1-5-18:F *S-1-5-32-544:F
rem   icacls "{{.Folder}}" /inheritance:r /grant *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F
rem A run that is still going is not started a second time.
schtasks /Create /F /TN "helpdesk poll" /SC MINUTE /MO 1 /RU SYSTEM /TR "{{windows .Poll}}"
schtasks /Create /F /TN "helpdesk notify" /SC MINUTE /MO 1 /RU SYSTEM /TR "{{windows .Notify}}"
`,
}

// preparation is what must be there before a schedule works that another user runs than who asks for it.
const preparation = `{{define "setup"}}#
# {{.Env}} holds what the configuration takes from the environment, a line NAME='value' each. Every command
# reads it by itself.
{{- if .Foreign}}
# First, as root: the user, a folder for the state, and files that nobody else may read.
#
#   id -u {{.User}} || useradd --system --user-group --home-dir /var/lib/{{.User}} --shell /usr/sbin/nologin {{.User}}
#   install -d -o {{.User}} -m 700 {{sh .Folder}}
#   chown {{.User}}: {{sh .File}} {{sh .Env}}
#   chmod 600 {{sh .File}} {{sh .Env}}
#
{{- end}}{{end}}`

// schedule is what is put into a schedule.
type schedule struct {
	User         string
	Foreign      bool     // it is somebody else than who asks
	File         string   // the configuration
	Env          string   // variables for it, beside it
	Folder       string   // of the state
	Poll, Notify []string // commands
}

// Folders is where the passes write.
func (s schedule) Folders() []string { return []string{s.Folder} }

func newSchedule(a *app) *cobra.Command {
	var name string
	c := &cobra.Command{
		Use:       "schedule cron|systemd|windows",
		Short:     "Print the schedule to install for this binary and configuration",
		Args:      oneOf("cron", "systemd", "windows"),
		ValidArgs: []string{"cron", "systemd", "windows"},
		RunE: func(c *cobra.Command, args []string) error {
			s, err := a.schedule(name)
			if err != nil {
				return err
			}
			t := template.Must(template.New(args[0]).Funcs(scheduleFuncs).Parse(preparation))
			return template.Must(t.Parse(schedules[args[0]])).Execute(a.Out, s)
		},
	}
	c.Flags().StringVar(&name, "user", "", "the `NAME` of the user who will run it (default: who calls this; helpdesk, where that is root)")
	return c
}

func (a *app) schedule(name string) (s schedule, err error) {
	caller := whoami()
	if s.User = name; name == "" {
		if s.User = caller; caller == "root" || caller == "" {
			s.User = "helpdesk"
		}
	}
	s.Foreign = s.User != caller
	binary, err := os.Executable()
	if err != nil {
		return s, fmt.Errorf("find this binary: %w", err)
	}
	path, err := a.findConfig()
	if err != nil {
		return s, err
	}
	if s.File, err = filepath.Abs(path); err != nil {
		return s, fmt.Errorf("find the configuration: %w", err)
	}
	s.Env = filepath.Join(filepath.Dir(s.File), config.EnvFile)
	run := []string{binary}
	if found, err := config.Find("", func(string) (string, bool) { return "", false }, runtime.GOOS); err != nil || found != s.File {
		run = append(run, "--config", s.File)
	}
	state := a.stateFile
	if state == "" {
		if state, err = config.StatePath(s.File, a.lookup); err != nil {
			return s, exit.Usage(err)
		}
	} else {
		if state, err = filepath.Abs(state); err != nil {
			return s, fmt.Errorf("find the state: %w", err)
		}
		run = append(run, "--state", state)
	}
	s.Folder = filepath.Dir(state)
	s.Poll, s.Notify = append(run[:len(run):len(run)], "poll"), append(run[:len(run):len(run)], "notify")
	return s, nil
}
