package status

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"helpdesk/pkg/version"

	"helpdesk/cmd/tui"
	"helpdesk/pkg/glyph"
)

// Standing is what status prints.
type Standing struct {
	OK      bool      `json:"ok"`
	Passes  []Stood   `json:"passes"`
	Backlog Backlog   `json:"backlog"`
	SignIns []SignIn  `json:"sign_ins,omitempty"`
	Running *Running  `json:"running,omitempty"`
	Now     time.Time `json:"now"`
	Version string    `json:"version"` // of the program that says so
}

// Stood is how the passes of a kind stand.
type Stood struct {
	Kind string `json:"kind"`
	Pass
	Overdue bool `json:"overdue"`
}

// Judge says how things stand; a pass is overdue when its last good one is longer ago.
func Judge(snap Snapshot, overdue time.Duration, now time.Time) Standing {
	s := Standing{OK: snap.Backlog.Held == 0 && snap.Backlog.Quarantine == 0, Passes: []Stood{}, Backlog: snap.Backlog, SignIns: snap.SignIns, Running: snap.Running, Now: now, Version: version.Get().Version}
	for _, kind := range []string{"poll", "notify"} {
		p := snap.Passes[kind]
		late := s.Now.Sub(p.Good) > overdue
		s.OK = s.OK && !late
		s.Passes = append(s.Passes, Stood{Kind: kind, Pass: p, Overdue: late})
	}
	for _, in := range s.SignIns {
		s.OK = s.OK && in.Error == ""
	}
	return s
}

// Print prints for a person.
func Print(t *tui.Terminal, s Standing) error {
	var rows [][]string
	for _, p := range s.Passes {
		stands := "ok"
		switch {
		case p.Started.IsZero():
			stands = "never ran"
		case p.Overdue:
			stands = "OVERDUE"
		case p.Failed > 0:
			stands = "failed " + tui.Count(p.Failed, "time", "times in a row")
		}
		rows = append(rows, []string{p.Kind, tui.When(p.Good), p.Duration.Round(time.Millisecond).String(),
			fmt.Sprint(p.Requests), fmt.Sprintf("%.0f %%", 100*p.Used), stands, p.Error})
	}
	if err := t.Table([]string{"PASS", "LAST GOOD", "TOOK", "REQUESTS", "LIMIT USED", "STANDS", "ERROR"}, rows); err != nil {
		return err
	}
	b := s.Backlog
	t.Printf("\noutbox      %d waiting, %d of them held for a person, the oldest since %s, next try %s\nquarantine  %s\n",
		b.Pending, b.Held, tui.When(b.Oldest), tui.When(b.Next), tui.Count(b.Quarantine, "message", "messages"))
	if s.Running != nil {
		t.Printf("at work     %s\n", s.Running)
	}
	for _, p := range s.Passes {
		if p.Old > 0 {
			t.Printf("left alone  %s older than max_age\n", tui.Count(p.Old, "unseen message", "unseen messages"))
		}
	}
	for _, in := range s.SignIns {
		t.Printf("sign-in     %s\n", in.tell(s.Now))
	}
	if b.Held > 0 {
		t.Printf("see         helpdesk outbox list\n")
	}
	if b.Quarantine > 0 {
		t.Printf("see         helpdesk quarantine list\n")
	}
	return nil
}

// tell says how a sign-in stands.
func (s SignIn) tell(now time.Time) string {
	switch {
	case s.Error != "":
		return s.Mailbox + ": " + glyph.Line(s.Error)
	case s.Alarming(now):
		return fmt.Sprintf("%s: ENDS %s, sign in again: helpdesk login %s", s.Mailbox, tui.When(s.Ends), s.Mailbox)
	case !s.Ends.IsZero():
		return fmt.Sprintf("%s: until %s", s.Mailbox, tui.When(s.Ends))
	}
	return fmt.Sprintf("%s: since %s, renewed by passes", s.Mailbox, tui.When(s.Since))
}

// Prometheus prints the metrics in the text exposition format.
func Prometheus(t *tui.Terminal, s Standing) {
	type metric struct {
		name, help string
		values     map[string]float64 // by the pass's kind, "" = none
	}
	seconds := func(t time.Time) float64 {
		if t.IsZero() {
			return 0
		}
		return float64(t.UnixMilli()) / 1000
	}
	good, took, failed, late := map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]float64{}
	requests, used := map[string]float64{}, map[string]float64{}
	for _, p := range s.Passes {
		good[p.Kind], took[p.Kind], failed[p.Kind] = seconds(p.Good), p.Duration.Seconds(), float64(p.Failed)
		late[p.Kind], requests[p.Kind], used[p.Kind] = 0, float64(p.Requests), p.Used
		if p.Overdue {
			late[p.Kind] = 1
		}
	}
	one := func(v float64) map[string]float64 { return map[string]float64{"": v} }
	for _, m := range []metric{
		{"helpdesk_last_good_pass_timestamp_seconds", "End of the last pass that left nothing to be repeated.", good},
		{"helpdesk_pass_duration_seconds", "Duration of the last pass.", took},
		{"helpdesk_failed_passes", "Failed passes in a row.", failed},
		{"helpdesk_pass_overdue", "1 when the last good pass is too long ago.", late},
		{"helpdesk_portal_requests", "Requests to the portal in the last pass.", requests},
		{"helpdesk_portal_limit_used_ratio", "Part of its time that the method closest to its limit has had.", used},
		{"helpdesk_outbox_pending", "Effects not yet made.", one(float64(s.Backlog.Pending))},
		{"helpdesk_outbox_held", "Effects held for a person.", one(float64(s.Backlog.Held))},
		{"helpdesk_outbox_oldest_timestamp_seconds", "When the oldest effect was queued, 0 when there is none.", one(seconds(s.Backlog.Oldest))},
		{"helpdesk_quarantine_messages", "Messages that could not be processed.", one(float64(s.Backlog.Quarantine))},
	} {
		t.Printf("# HELP %s %s\n# TYPE %s gauge\n", m.name, m.help, m.name)
		var kinds []string
		for kind := range m.values {
			kinds = append(kinds, kind)
		}
		sort.Strings(kinds)
		for _, kind := range kinds {
			label := ""
			if kind != "" {
				label = `{pass="` + strings.ReplaceAll(kind, `"`, "") + `"}`
			}
			t.Printf("%s%s %g\n", m.name, label, m.values[kind])
		}
	}
}
