package cmd

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// Faults that pass by themselves give status 75. As soon as a person must repair something too, the status is 2.
func TestCheckTellsWhatIsTemporary(t *testing.T) {
	t.Parallel()
	gone := func(d *drive) { d.imap.Inject(func(string, string) error { return mail.ErrDrop }) }
	portal := func(f sandbox.Fault) func(*drive) {
		return func(d *drive) { d.portal.Inject(func(*sandbox.Call) sandbox.Fault { return f }) }
	}
	for name, tt := range map[string]struct {
		harm func(*drive)
		want int
	}{
		"mailbox gone":       {gone, exit.Temporary},
		"portal gone":        {portal(sandbox.Fault{Kind: sandbox.BadGateway}), exit.Temporary},
		"portal's limit":     {portal(sandbox.Fault{Kind: sandbox.QueryLimit}), exit.Temporary},
		"mailbox, and scope": {func(d *drive) { gone(d); d.portal.SetScopes("task", "disk") }, exit.Wrong},
		"portal refuses":     {func(d *drive) { d.portal.SetCode("another-code") }, exit.Wrong},
		"in use":             {func(d *drive) { d.holding() }, exit.Temporary},
	} {
		d := newDrive(t, sandbox.PortalOptions{}, "")
		tt.harm(d)
		timeout := "1m"
		if name == "in use" {
			timeout = "2s"
		}
		status, out, errs := d.run("--timeout", timeout, "check")
		if status != tt.want || !strings.Contains(out, "FAILED") {
			t.Errorf("%s: status %d, want %d\n%s%s", name, status, tt.want, out, errs)
		}
	}
}

// An interrupted check prints its results so far, and nothing about the interruption.
func TestCheckInterrupted(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"mailbox", "relay", "portal"} {
		d := newDrive(t, sandbox.PortalOptions{}, "")
		ctx, interrupt := context.WithCancel(context.Background())
		over := make(chan struct{})
		stop := func() { // the server answers nothing meanwhile
			interrupt()
			select {
			case <-over:
			case <-time.After(time.Minute):
			}
		}
		switch at {
		case "mailbox":
			d.imap.Inject(func(string, string) error { stop(); return nil })
		case "relay":
			d.smtp.Inject(func(string, string) error { stop(); return nil })
		case "portal":
			d.portal.Inject(func(*sandbox.Call) sandbox.Fault { stop(); return sandbox.Fault{} })
		}
		var out bytes.Buffer
		a := d.app()
		a.Out = &out
		if got := a.run(ctx, d.args("check")); got != exit.Interrupted {
			t.Errorf("%s: status %d", at, got)
		}
		close(over)
		if text := out.String(); strings.Contains(text, "FAILED") || !strings.Contains(text, "ok  state ") {
			t.Errorf("%s:\n%s", at, text)
		}
	}
}
