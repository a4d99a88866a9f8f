package status

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"helpdesk/cmd/tui"
	"helpdesk/pkg/alarm"
	"helpdesk/pkg/desk"
)

// The status lists the times of a pass whose clock was ahead, also those it planned.
func TestTimesInTheFutureAreNamed(t *testing.T) {
	now := time.Date(2026, 3, 12, 12, 0, 0, 0, time.Local)
	well := func() Snapshot {
		return Snapshot{Passes: map[string]Pass{
			"poll":   {Started: now, Ended: now, Good: now},
			"notify": {Started: now, Ended: now, Good: now},
		}}
	}
	for name, c := range map[string]struct {
		change func(*Snapshot)
		want   string // "" = all is well
	}{
		"nothing": {func(*Snapshot) {}, ""},
		"a clock that differs little": {func(s *Snapshot) {
			s.Passes["poll"] = Pass{Ended: now.Add(time.Minute), Good: now}
		}, ""},
		"a poll": {func(s *Snapshot) {
			s.Passes["poll"] = Pass{Ended: now.Add(72 * time.Hour), Good: now}
		}, "the last poll: 2026-03-15"},
		"a notify": {func(s *Snapshot) {
			s.Passes["notify"] = Pass{Ended: now.Add(time.Hour), Good: now}
		}, "the last notify: 2026-03-12"},
		"the next try": {func(s *Snapshot) {
			s.Backlog.Latest = now.Add(desk.LongestPause + time.Hour)
		}, "the next try: "},
		"a next try that may be": {func(s *Snapshot) { s.Backlog.Latest = now.Add(desk.LongestPause) }, ""},
		"what waits": {func(s *Snapshot) {
			s.Backlog.Oldest = now.Add(time.Hour)
		}, "the oldest entry of the outbox: "},
	} {
		t.Run(name, func(t *testing.T) {
			snap := well()
			c.change(&snap)
			s := Judge(snap, time.Hour, now)
			var out bytes.Buffer
			if err := Print(&tui.Terminal{Out: &out}, s); err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if !s.OK || len(s.Future) != 0 || strings.Contains(out.String(), "in future") {
					t.Errorf("ok %t, %v\n%s", s.OK, s.Future, &out)
				}
				return
			}
			if s.OK || len(s.Future) != 1 || !strings.HasPrefix(s.Future[0], c.want) ||
				!strings.Contains(out.String(), "in future   "+c.want) {
				t.Errorf("ok %t, %v\n%s", s.OK, s.Future, &out)
			}
		})
	}
}

// Copies that can't be saved need a person from the first failure on.
func TestCopiesThatFailAreNotWell(t *testing.T) {
	now := time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)
	for _, person := range []bool{true, false} {
		snap := Snapshot{Passes: map[string]Pass{
			"poll":   {Started: now, Ended: now, Good: now},
			"notify": {Started: now, Ended: now, Good: now},
		}}
		trouble := alarm.Trouble{Kind: alarm.Copies, Name: "support", Note: "no such folder", Person: person}
		snap.Troubles.See(now, alarm.Sight{Pass: "poll", Troubles: []alarm.Trouble{trouble},
			Over: func(alarm.Trouble) bool {
				return false
			}}, 3)
		if s := Judge(snap, time.Hour, now); s.OK == person || len(s.Troubles) != 1 {
			t.Errorf("a person's %t: ok %t, %+v", person, s.OK, s.Troubles)
		}
	}
}

// Passes go by the clock of the database's server, and so does what is overdue.
func TestJudgeGoesByTheServersClock(t *testing.T) {
	here := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, ahead := range []time.Duration{-3 * time.Hour, 0, 48 * time.Hour} {
		for ago, late := range map[time.Duration]bool{time.Minute: false, 20 * time.Minute: true} {
			good := Pass{Good: here.Add(ahead - ago)}
			snap := Snapshot{Ahead: ahead, Passes: map[string]Pass{"poll": good, "notify": good},
				Mailboxes: map[string]Mailbox{"support": {Good: good.Good}}}
			if s := Judge(snap, 15*time.Minute, here); s.OK == late || s.Passes[0].Overdue != late ||
				s.Mailboxes[0].Overdue != late || !s.Now.Equal(here.Add(ahead)) {
				t.Errorf("%s ahead, %s ago: %+v", ahead, ago, s)
			}
		}
	}
}
