package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
)

// The schedules, by kind. Poll and notify take turns on the state, and each ends by itself.
var schedules = map[string]string{
	"cron": `# /etc/cron.d/helpdesk: every minute; what goes wrong is printed, and cron mails it
MAILTO=root
* * * * * helpdesk {{.Binary}} --config {{.Config}} --timeout 10m poll; {{.Binary}} --config {{.Config}} --timeout 10m notify
`,
	"systemd": `# /etc/systemd/system/helpdesk.service
[Unit]
Description=Mail channel for Bitrix24
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User=helpdesk
ExecStart={{.Binary}} --config {{.Config}} --timeout 10m poll
ExecStart={{.Binary}} --config {{.Config}} --timeout 10m notify
SuccessExitStatus=3 75

# /etc/systemd/system/helpdesk.timer
[Unit]
Description=Mail channel for Bitrix24, every minute

[Timer]
OnCalendar=minutely
AccuracySec=1s

[Install]
WantedBy=timers.target
`,
	"windows": `rem Run as administrator. A run that is still going is not started a second time.
schtasks /Create /TN "helpdesk poll" /SC MINUTE /MO 1 /RU SYSTEM /TR "\"{{.Binary}}\" --config \"{{.Config}}\" --timeout 10m poll"
schtasks /Create /TN "helpdesk notify" /SC MINUTE /MO 1 /RU SYSTEM /TR "\"{{.Binary}}\" --config \"{{.Config}}\" --timeout 10m notify"
`,
}

func newSchedule(a *app) *cobra.Command {
	return &cobra.Command{
		Use:       "schedule cron|systemd|windows",
		Short:     "Print the schedule to install for this binary and configuration",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"cron", "systemd", "windows"},
		RunE: func(c *cobra.Command, args []string) error {
			binary, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this binary: %w", err)
			}
			config, err := a.configPath()
			if err != nil {
				return err
			}
			if config, err = filepath.Abs(config); err != nil {
				return fmt.Errorf("find the configuration: %w", err)
			}
			if strings.ContainsAny(binary+config, " \t") && args[0] != "windows" {
				binary, config = fmt.Sprintf("%q", binary), fmt.Sprintf("%q", config)
			}
			t := template.Must(template.New(args[0]).Parse(schedules[args[0]]))
			return t.Execute(a.out, map[string]string{"Binary": binary, "Config": config})
		},
	}
}
