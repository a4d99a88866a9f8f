package status

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"helpdesk/pkg/version"

	"helpdesk/cmd/tui"
	"helpdesk/cmd/watch"
	"helpdesk/pkg/alarm"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
)

// Standing is the result that status prints.
type Standing struct {
	OK        bool          `json:"ok"`
	Passes    []Stood       `json:"passes"`
	Mailboxes []Box         `json:"mailboxes"`
	Backlog   Backlog       `json:"backlog"`
	SignIns   []SignIn      `json:"sign_ins,omitempty"`
	Troubles  []alarm.Entry `json:"troubles"` // that are not over
	Future    []string      `json:"future"`   // times too far in the future: a clock is or was wrong
	Running   *Running      `json:"running,omitempty"`
	Gone      bool          `json:"gone"` // the state file is missing, though passes have run
	Now       time.Time     `json:"now"`
	State     string        `json:"state"`   // its name
	Version   string        `json:"version"` // of this program
}

// Stood is the result for the passes of one kind.
type Stood struct {
	Kind string `json:"kind"`
	Pass
	Overdue bool `json:"overdue"`
}

// Box is the result for one mailbox.
type Box struct {
	Name string `json:"name"`
	Mailbox
	Overdue bool `json:"overdue"`
}

// Judge decides whether all is well. A pass or a mailbox is overdue if its last success was too long ago. A trouble
// that only a person can repair counts from the first failure on.
func Judge(snap Snapshot, overdue time.Duration, here time.Time) Standing {
	now := here.Add(snap.Ahead)
	s := Standing{OK: snap.Backlog.Held == 0 && snap.Backlog.Quarantine == 0, Passes: []Stood{}, Mailboxes: []Box{},
		Troubles: []alarm.Entry{}, Backlog: snap.Backlog, SignIns: snap.SignIns, Running: snap.Running,
		Gone: snap.Gone, Now: now, State: snap.Name,
		Version: version.Get().Version}
	for _, kind := range []string{"poll", "notify"} {
		p := snap.Passes[kind]
		late := now.Sub(p.Good) > overdue
		s.OK = s.OK && !late
		s.Passes = append(s.Passes, Stood{Kind: kind, Pass: p, Overdue: late})
	}
	for _, name := range slices.Sorted(maps.Keys(snap.Mailboxes)) {
		m := snap.Mailboxes[name]
		late := now.Sub(m.Good) > overdue
		s.OK = s.OK && !late
		s.Mailboxes = append(s.Mailboxes, Box{Name: name, Mailbox: m, Overdue: late})
	}
	for _, in := range s.SignIns {
		s.OK = s.OK && in.Error == ""
	}
	for _, e := range snap.Troubles.Entries {
		if e.Open() {
			s.Troubles = append(s.Troubles, e)
			s.OK = s.OK && !(e.Person && e.Fails())
		}
	}
	s.Future = future(snap, now)
	s.OK = s.OK && len(s.Future) == 0 && !s.Gone
	return s
}

// ahead is the tolerated difference between clocks of servers.
const ahead = 2 * time.Minute

// future lists impossible times in the future: the clock of a pass or this one is wrong.
func future(snap Snapshot, now time.Time) []string {
	found := []string{}
	say := func(what string, t time.Time, by time.Duration) {
		if t.Sub(now) > by {
			found = append(found, fmt.Sprintf("%s: %s", what, tui.When(t)))
		}
	}
	for _, kind := range []string{"poll", "notify"} {
		say("the last "+kind, snap.Passes[kind].Ended, ahead)
	}
	say("the oldest entry of the outbox", snap.Backlog.Oldest, ahead)
	say("the next try", snap.Backlog.Latest, desk.LongestPause)
	return found
}

// tell describes a sign-in in a line.
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

// stands returns a short word for the health of passes or a mailbox.
func stands(started time.Time, overdue bool, failed int) string {
	switch {
	case started.IsZero():
		return "never ran"
	case overdue:
		return "OVERDUE"
	case failed > 0:
		return "failed " + tui.Count(failed, "time", "times in a row")
	}
	return "ok"
}

// Print prints the standing for a person.
func Print(t *tui.Terminal, s Standing) error {
	var rows [][]string
	for _, p := range s.Passes {
		rows = append(rows, []string{p.Kind, tui.When(p.Good), p.Duration.Round(time.Millisecond).String(),
			fmt.Sprint(p.Requests), fmt.Sprintf("%.0f %%", 100*p.Used), stands(p.Started, p.Overdue, p.Failed),
			p.Error})
	}
	if err := t.Table([]string{"PASS", "LAST GOOD", "TOOK", "REQUESTS", "LIMIT USED", "STANDS", "ERROR"},
		rows); err != nil {
		return err
	}
	if err := printMailboxes(t, s); err != nil {
		return err
	}
	printBacklog(t, s)
	for _, in := range s.SignIns {
		t.Printf("sign-in     %s\n", in.tell(s.Now))
	}
	for _, e := range s.Troubles {
		t.Printf("%-11s %s\n", since(e), watch.Line(e))
	}
	if s.Gone {
		t.Printf("GONE        there is no state at %s, though passes have run: restore a copy, or the next pass "+
			"begins a new one\n", s.State)
	}
	for _, f := range s.Future {
		t.Printf("in future   %s: is this machine's clock right (NTP)?\n", f)
	}
	if s.Backlog.Held > 0 {
		t.Printf("see         helpdesk outbox list\n")
	}
	if s.Backlog.Quarantine > 0 {
		t.Printf("see         helpdesk quarantine list\n")
	}
	return nil
}

// since describes how bad a trouble is.
func since(e alarm.Entry) string {
	switch {
	case !e.Fails():
		return "soon"
	case e.Person:
		return "TROUBLE"
	}
	return "trouble"
}

func printMailboxes(t *tui.Terminal, s Standing) error {
	if len(s.Mailboxes) == 0 {
		return nil
	}
	var rows [][]string
	for _, m := range s.Mailboxes {
		old := ""
		if m.Old > 0 {
			old = tui.Count(m.Old, "unseen message", "unseen messages") + " older than max_age left alone"
		}
		rows = append(rows, []string{m.Name, tui.When(m.Good), fmt.Sprint(m.Listed),
			stands(m.Started, m.Overdue, m.Failed), m.Error + old})
	}
	t.Printf("\n")
	return t.Table([]string{"MAILBOX", "LAST READ", "UNSEEN", "STANDS", "NOTE"}, rows)
}

func printBacklog(t *tui.Terminal, s Standing) {
	b := s.Backlog
	t.Printf("\noutbox      %d waiting, %d of them held for a person, the oldest since %s, next try %s\nquarantine  "+
		"%s\n",
		b.Pending, b.Held, tui.When(b.Oldest), tui.When(b.Next), tui.Count(b.Quarantine, "message", "messages"))
	if s.Running != nil {
		t.Printf("at work     %s\n", s.Running)
	}
}
