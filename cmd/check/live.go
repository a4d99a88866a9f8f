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

// Live makes a task, comments and files in the portal, and reports what the portal keeps of them. It first calls
// consent with the portal's host.
func Live(ctx context.Context, u Subject, now func() time.Time, sleep func(context.Context, time.Duration) error,
	consent func(host string) error) (*probe.Report, error) {
	s, err := store.Open("", store.Options{Overlay: true}) // not the real state, so that passes can go on
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

// Concludes returns the exit status for the report, as an error.
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

// Explain fills in the explanations of the findings.
func Explain(r *probe.Report, say func(key string, args ...any) string) {
	for i, f := range r.Findings {
		r.Findings[i].Means = say(f.Text)
	}
}

// PrintLive prints a line for each finding and each step.
func PrintLive(t *tui.Terminal, u Subject, r *probe.Report) error {
	Explain(r, u.Say)
	var rows [][]string
	for _, f := range r.Findings {
		rows = append(rows, []string{string(f.Verdict), f.Name, f.Found, f.Means})
	}
	if err := t.Table(head(u, "check.live.verdict", "check.live.question", "check.live.found", "check.live.means"),
		rows); err != nil {
		return err
	}
	rows = nil
	for _, m := range r.Dates {
		rows = append(rows, []string{m.Step, m.Activity, m.Changed})
	}
	t.Printf("\n")
	if err := t.Table(head(u, "check.live.step", "check.live.moves.activity", "check.live.moves.changed"),
		rows); err != nil {
		return err
	}
	t.Printf("\n")
	if r.Before > 0 {
		t.Printf("%s\n", u.Say("check.live.before", r.Before))
	}
	if len(r.Left) == 0 {
		t.Printf("%s\n", u.Say("check.live.removed"))
	}
	return nil
}

// head returns the headings of a table.
func head(u Subject, keys ...string) (names []string) {
	for _, key := range keys {
		names = append(names, u.Say(key))
	}
	return names
}
