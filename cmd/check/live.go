package check

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/probe"
	"helpdesk/pkg/store"
)

// Consent is what a person is asked before anything is made in the portal.
func Consent(host string) string {
	return "This makes tasks, comments and files in the portal " + host +
		", reads them back and removes them. Nobody but the\n" +
		"webhook's own user takes part in them. It takes about a minute. Go on?"
}

// Live asks the portal what it keeps of what is made there. consent is asked first, with the portal's host.
func Live(ctx context.Context, u Subject, now func() time.Time, sleep func(context.Context, time.Duration) error,
	consent func(host string) error) (*probe.Report, error) {
	s, err := store.Open("", store.Options{Overlay: true}) // the passes go on meanwhile: theirs is not held
	if err != nil {
		return nil, err
	}
	defer s.Close()
	p, err := u.Wire(s)
	if err != nil {
		return nil, err
	}
	if err := consent(p.Client.Host()); err != nil {
		return nil, err
	}
	if sleep == nil {
		sleep = pause
	}
	return probe.Run(ctx, probe.Subject{
		Portal: p.Client, Self: p.Client.Self(), Mark: p.Client.Token("check --live", 12),
		Tags:   u.Settings.Bitrix24.Task.Tags,
		Fields: u.Settings.Bitrix24.Task.Fields, Now: now, Sleep: sleep,
	})
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Concludes returns what the report means for the exit status.
func Concludes(r *probe.Report) error {
	if len(r.Left) > 0 {
		return exit.Status{Code: exit.Held,
			Cause: fmt.Errorf("the portal did not let go of %s: delete it there by hand, or run this again",
				strings.Join(r.Left, ", "))}
	}
	for _, f := range r.Findings {
		if f.Name == probe.TaskIsMade && f.Verdict != probe.Kept {
			cause := fmt.Errorf("the portal makes no task: %s", bitrix.Mask(f.Found))
			return exit.Status{Code: exit.Wrong, Cause: cause}
		}
	}
	return nil
}

// PrintLive prints a line each.
func PrintLive(t *tui.Terminal, r *probe.Report) error {
	var rows [][]string
	for _, f := range r.Findings {
		rows = append(rows, []string{string(f.Verdict), f.Name, f.Found, f.Means})
	}
	if err := t.Table([]string{"PORTAL", "OF", "FOUND", "WHICH MEANS"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, m := range r.Dates {
		rows = append(rows, []string{m.Step, m.Activity, m.Changed})
	}
	t.Printf("\n")
	if err := t.Table([]string{"STEP", "MOVES ACTIVITY_DATE", "MOVES CHANGED_DATE"}, rows); err != nil {
		return err
	}
	t.Printf("\n")
	if r.Before > 0 {
		t.Printf("Removed first, tasks and files of an earlier run: %d.\n", r.Before)
	}
	if len(r.Left) == 0 {
		t.Printf("All of it was removed again; deleted tasks may lie in the portal's recycle bin.\n")
	}
	return nil
}
