package cmd

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
)

// A bug ends a command with one line; only -vv adds the stack.
func TestAPanicIsALine(t *testing.T) {
	for _, verbose := range []bool{false, true} {
		var out, errw bytes.Buffer
		a := &app{Terminal: tui.Terminal{
			In:  strings.NewReader(""),
			Out: &out,
			Err: &errw,
		}, place: place{env: func(string) (string, bool) {
			return "", false
		}},
			now: func() time.Time { panic("no clock") }}
		args := []string{"--state", filepath.Join(t.TempDir(), "helpdesk.db"), "status"}
		if verbose {
			args = append(args, "-vv")
		}
		if status := a.run(t.Context(), args); status != exit.Failure {
			t.Errorf("status %d", status)
		}
		line, trace, _ := strings.Cut(errw.String(), "\n")
		if !strings.HasPrefix(line, "helpdesk: ") || !strings.Contains(line, "no clock") {
			t.Errorf("says %q", line)
		}
		if strings.Contains(trace, "goroutine") != verbose || !verbose && trace != "" {
			t.Errorf("-vv %v: %q", verbose, trace)
		}
	}
}
