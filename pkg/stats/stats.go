// Package stats counts letters and tickets in our own records: how many there were, how soon they were answered and
// closed, and which letters got no auto-reply. It reads no state and asks no portal: its caller passes in the records.
package stats

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/worktime"
)

// Options says what is counted.
type Options struct {
	Since    time.Time // earlier letters and tickets are not counted
	Now      time.Time
	Calendar worktime.Calendar // working time
}

// Report is the result of counting.
type Report struct {
	Since       time.Time `json:"since"`
	Until       time.Time `json:"until"`
	Total       Row       `json:"total"`
	Mailboxes   []Row     `json:"mailboxes"`
	Weeks       []Row     `json:"weeks"`       // ISO 8601 weeks, 2026-W48
	Specialists []Row     `json:"specialists"` // by who answered first
	Unanswered  int       `json:"unanswered"`  // tickets open for more than a day without an answer
	Silent      []Count   `json:"silent"`      // letters without an auto-reply, by the rule that suppressed it
}

// Row contains the counts of one mailbox, week or specialist.
type Row struct {
	Name    string `json:"name,omitempty"`
	Letters int    `json:"letters"` // from customers and machines; 0 for a specialist
	Tickets int    `json:"tickets"` // tickets opened; for a specialist, tickets that they answered first
	Repeats int    `json:"repeats"` // letters that became comments
	Answer  Spread `json:"answer"`  // from a ticket's opening to the first letter with a specialist's words
	Close   Spread `json:"close"`   // from a ticket's opening to its closing
}

// Spread is the distribution of durations.
type Spread struct {
	Count   int   `json:"count"`
	Median  int64 `json:"median_seconds"`
	P90     int64 `json:"p90_seconds"`
	Working struct {
		Median int64 `json:"median_seconds"`
		P90    int64 `json:"p90_seconds"`
	} `json:"working"` // in working time
}

// Count is how often a rule suppressed the auto-reply.
type Count struct {
	Rule    string `json:"rule"`
	Letters int    `json:"letters"`
}

// row is a Row that is being counted.
type row struct {
	Row
	answer, closing times
}

// times are durations in seconds, by the clock and in working time.
type times struct{ clock, working []int64 }

// Counter counts records. It is not safe for concurrent use.
type Counter struct {
	o           Options
	zone        *time.Location
	shifts      shifts
	total       row
	mailboxes   map[string]*row
	weeks       map[int]*row // by year and week: 202648
	specialists map[string]*row
	unanswered  int
	silent      map[string]int
}

// New returns an empty counter.
func New(o Options) *Counter {
	zone := o.Calendar.Zone
	if zone == nil {
		zone = time.UTC
	}
	return &Counter{o: o, zone: zone, shifts: newShifts(o), mailboxes: map[string]*row{}, weeks: map[int]*row{},
		specialists: map[string]*row{}, silent: map[string]int{}}
}

// Letter counts a message, if it arrived since Options.Since. It always returns nil.
func (c *Counter) Letter(l desk.Record) error {
	if l.Received.Before(c.o.Since) {
		return nil
	}
	for _, r := range []*row{&c.total, at(c.mailboxes, l.Place.Mailbox), c.week(l.Received)} {
		r.Letters++
		if l.Verdict == desk.Commented {
			r.Repeats++
		}
	}
	if !l.AutoReply {
		c.silent[silencer(l)]++
	}
	return nil
}

// Ticket counts a ticket, if it was opened since Options.Since. It always returns nil.
func (c *Counter) Ticket(t desk.Ticket) error {
	if t.Status == desk.Open && t.Answered.IsZero() && t.Erased.IsZero() && c.o.Now.Sub(t.Opened) > 24*time.Hour {
		c.unanswered++ // also one that waits since before the reported time
	}
	if t.Opened.Before(c.o.Since) {
		return nil
	}
	rows := []*row{&c.total, at(c.mailboxes, t.Mailbox), c.week(t.Opened)}
	if t.AnsweredBy != "" {
		rows = append(rows, at(c.specialists, t.AnsweredBy))
	}
	closed := t.Status == desk.Done && !t.ClosedAt.IsZero()
	answer, answerWork := c.took(t.Opened, t.Answered)
	closing, closingWork := int64(0), int64(0)
	if closed {
		closing, closingWork = c.took(t.Opened, t.ClosedAt)
	}
	for _, r := range rows {
		r.Tickets++
		if !t.Answered.IsZero() {
			r.answer.add(answer, answerWork)
		}
		if closed {
			r.closing.add(closing, closingWork)
		}
	}
	return nil
}

// Report returns what was counted so far.
func (c *Counter) Report() Report {
	r := Report{Since: c.o.Since, Until: c.o.Now, Total: c.total.done(), Mailboxes: sorted(c.mailboxes),
		Weeks:       sorted(c.weeks),
		Specialists: sorted(c.specialists), Unanswered: c.unanswered, Silent: []Count{}}
	for rule, n := range c.silent {
		r.Silent = append(r.Silent, Count{rule, n})
	}
	slices.SortFunc(r.Silent, func(a, b Count) int { return cmp.Or(b.Letters-a.Letters, cmp.Compare(a.Rule, b.Rule)) })
	return r
}

func at(rows map[string]*row, name string) *row {
	r := rows[name]
	if r == nil {
		r = &row{Row: Row{Name: name}}
		rows[name] = r
	}
	return r
}

// sorted returns the rows in the order of their keys.
func sorted[K cmp.Ordered](rows map[K]*row) []Row {
	all := []Row{}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		all = append(all, rows[key].done())
	}
	return all
}

func (r *row) done() Row {
	r.Row.Answer, r.Row.Close = r.answer.spread(), r.closing.spread()
	return r.Row
}

// week returns the row of the week of a moment, in the calendar's time zone.
func (c *Counter) week(t time.Time) *row {
	year, week := t.In(c.zone).ISOWeek()
	r := c.weeks[year*100+week]
	if r == nil {
		r = &row{Row: Row{Name: fmt.Sprintf("%d-W%02d", year, week)}}
		c.weeks[year*100+week] = r
	}
	return r
}

// took returns the seconds between two moments, by the clock and in working time, or 0 if to is not after from.
func (c *Counter) took(from, to time.Time) (clock, working int64) {
	if !to.After(from) {
		return 0, 0
	}
	return int64(to.Sub(from) / time.Second), c.shifts.until(to) - c.shifts.until(from)
}

func (t *times) add(clock, working int64) {
	t.clock, t.working = append(t.clock, clock), append(t.working, working)
}

func (t *times) spread() Spread {
	s := Spread{Count: len(t.clock)}
	s.Median, s.P90 = quantiles(t.clock)
	s.Working.Median, s.Working.P90 = quantiles(t.working)
	return s
}

// quantiles returns the median and the 90th percentile.
func quantiles(all []int64) (median, p90 int64) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	nth := func(tenths int) int64 { return all[(len(all)*tenths+9)/10-1] }
	return nth(5), nth(9)
}

// silencer returns the rule that suppressed a letter's auto-reply: the recorded reason if there is one, else the rule
// that classified the letter, else its class.
func silencer(l desk.Record) string {
	if l.Unanswered != "" {
		return l.Unanswered
	}
	if i := slices.IndexFunc(l.Rules, func(rule string) bool { return rule != "human" }); i >= 0 {
		return l.Rules[i]
	}
	return l.Class
}
