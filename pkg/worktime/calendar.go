// Package worktime counts working time by a calendar. It knows no holidays but those it is given.
package worktime

import (
	"iter"
	"time"
)

// Calendar says when people work: what a deadline in working time is counted by. The zero value knows no pause.
type Calendar struct {
	From, To time.Duration   // of a working day, since its midnight; To may be 24 hours
	Days     map[string]bool // worked: mon, tue …
	Holidays map[string]bool // not worked whatever the day of the week: 2026-01-01
	Workdays map[string]bool // worked whatever the day of the week
	Short    map[string]bool // one hour shorter, where they are worked
	Zone     *time.Location  // nil = UTC
}

// horizon is how far a calendar is read ahead, in days.
const horizon = 10 * 366

// After returns the moment when so much working time has passed since start. It returns plain time passed where the
// calendar has no working day within ten years.
func (c Calendar) After(start time.Time, work time.Duration) time.Time {
	local, left := c.local(start), work
	for from, to := range c.shifts(local) {
		if from.Before(local) {
			from = local
		}
		open := to.Sub(from)
		if left <= open {
			return from.Add(left)
		}
		left -= open
	}
	return local.Add(work)
}

// Opens returns when work begins again; ok is false where it goes on at the moment, and where the calendar has no
// working day within ten years.
func (c Calendar) Opens(at time.Time) (opens time.Time, ok bool) {
	local := c.local(at)
	for from := range c.shifts(local) {
		return from, from.After(local)
	}
	return time.Time{}, false
}

// shifts yields when work begins and ends on the working days, from the first that is not over at the moment.
func (c Calendar) shifts(at time.Time) iter.Seq2[time.Time, time.Time] {
	return func(yield func(from, to time.Time) bool) {
		year, month, day := at.Date()
		for ahead := range horizon {
			noon := time.Date(year, month, day+ahead, 12, 0, 0, 0, at.Location())
			from, to, ok := c.Hours(noon)
			if ok && to.After(from) && to.After(at) && !yield(from, to) {
				return
			}
		}
	}
}

func (c Calendar) local(at time.Time) time.Time {
	if c.Zone == nil {
		return at.UTC()
	}
	return at.In(c.Zone)
}

// Hours returns when work begins and ends on the day of a moment; ok is false on a day off.
func (c Calendar) Hours(at time.Time) (opens, closes time.Time, ok bool) {
	day, end := c.local(at), c.To
	if c.Short[day.Format(time.DateOnly)] {
		end = max(c.From, end-time.Hour)
	}
	// Hours of the clock, not since midnight: a day on which the clock is changed begins and ends as any other.
	return c.clock(day, c.From), c.clock(day, end), c.worked(day)
}

func (c Calendar) worked(day time.Time) bool {
	date := day.Format(time.DateOnly)
	switch {
	case c.Workdays[date]:
		return true
	case c.Holidays[date]:
		return false
	}
	return c.Days[weekdays[day.Weekday()]]
}

// weekdays are the days as Calendar.Days names them, from time.Sunday.
var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (c Calendar) clock(day time.Time, at time.Duration) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 0, 0, int(at/time.Second), 0, day.Location())
}
