package desk

import (
	"strings"
	"testing"
	"time"
)

func TestFlood(t *testing.T) {
	p := testPolicy(t)
	p.Flood, p.FloodWithin = 3, time.Hour
	r := compile(t, p)
	times := func(ago ...time.Duration) (all []int64) {
		for _, d := range ago {
			all = append(all, testNow.Add(-d).Unix())
		}
		return all
	}
	const m = time.Minute
	for _, c := range []struct {
		name    string
		with    func(*Facts)
		lines   []string
		verdict Verdict
		flood   bool
	}{
		{"none before", nil, nil, Task, false},
		{"below the limit", func(f *Facts) {
			f.Arrivals = []Arrivals{{Key: "ivan@example.org", Times: times(m, 2*m)}}
		}, nil, Task, false},
		{"at the limit", func(f *Facts) {
			f.Arrivals = []Arrivals{{Key: "ivan@example.org", Times: times(m, 2*m, 3*m)}}
		}, nil, Task, true},
		{"of the domain", func(f *Facts) {
			f.Arrivals = []Arrivals{{
				Key:   "ivan@example.org",
				Times: times(m),
			}, {Key: "@example.org", Times: times(m, 2*m, 3*m)}}
		}, nil, Task, true},
		{"longer ago", func(f *Facts) {
			f.Arrivals = []Arrivals{{Key: "ivan@example.org", Times: times(m, 2*m, 61*m)}}
		}, nil, Task, false},
		{"gathered", func(f *Facts) {
			*f = knownTicket(nil)
			f.Arrivals = []Arrivals{{
				Key:    "ivan@example.org",
				Times:  times(m, 2*m, 3*m),
				Ticket: 5,
				Since:  testNow.Add(-23 * time.Hour),
			}}
		}, nil, Commented, true},
		{"the next day", func(f *Facts) {
			*f = knownTicket(nil)
			f.Arrivals = []Arrivals{{
				Key:    "ivan@example.org",
				Times:  times(m, 2*m, 3*m),
				Ticket: 5,
				Since:  testNow.Add(-25 * time.Hour),
			}}
		}, nil, Task, true},
		{"the task is gone", func(f *Facts) {
			*f = knownTicket(func(t *Ticket) { t.Status = Gone })
			f.Arrivals = []Arrivals{{Key: "ivan@example.org", Times: times(m, 2*m, 3*m), Ticket: 5, Since: testNow}}
		}, nil, Task, true},
		{"in a known thread", func(f *Facts) {
			*f = knownTicket(nil)
			f.Arrivals = []Arrivals{{Key: "ivan@example.org", Times: times(m, 2*m, 3*m)}}
		}, []string{"In-Reply-To: <1@x>"}, Commented, false},
		{"a machine's", func(f *Facts) {
			f.Arrivals = []Arrivals{{Key: "ivan@example.org", Times: times(m, 2*m, 3*m)}}
		}, []string{"Auto-Submitted: auto-generated"}, Task, false},
	} {
		f := facts()
		if c.with != nil {
			c.with(&f)
		}
		d := r.Decide(letter(c.lines...), f)
		if d.Verdict != c.verdict || has(d, "T11 flood") != c.flood || c.flood && (d.AutoReply || len(d.Counted) > 0) {
			t.Errorf("%s: %s by %v, counted %v", c.name, d.Verdict, hits(d), d.Counted)
		}
		switch opened := find(d, OpenTask); {
		case c.flood && opened != nil:
			if d.Gathers == "" || !strings.Contains(notes(opened.Post), "flood") {
				t.Errorf("%s: gathers %q, notes %s", c.name, d.Gathers, notes(opened.Post))
			}
		case c.flood:
			post := find(d, CommentTask).Post
			if !post.Bare || post.Subject != "printer" || len(post.Files) != 1 || post.Files[0].Part != WholeMessage ||
				d.Thread != nil || d.Ticket.LastID != "" {
				t.Errorf("%s: %+v", c.name, post)
			}
		case d.Class == classHuman && opened != nil:
			if strings.Join(d.Counted, " ") != "ivan@example.org @example.org" || d.Gathers != "" {
				t.Errorf("%s: counted %v, gathers %q", c.name, d.Counted, d.Gathers)
			}
		case len(d.Counted) > 0:
			t.Errorf("%s: counted %v", c.name, d.Counted)
		}
	}
	p.Flood = 0
	f := facts()
	f.Arrivals = []Arrivals{{Key: "ivan@example.org", Times: times(m, 2*m, 3*m)}}
	if d := compile(t, p).Decide(letter(), f); has(d, "T11 flood") {
		t.Error("a flood without a limit")
	}
}
