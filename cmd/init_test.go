package cmd

import (
	"strings"
	"testing"

	"helpdesk/pkg/config"
)

// No pass may write in /etc, so init puts the state elsewhere.
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
