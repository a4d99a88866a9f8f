// Package worktime counts working time by a calendar. It knows no holidays but those it is given.
package worktime

import "time"

// Calendar says when people work: what a deadline in working time is counted by. The zero value knows no pause.
type Calendar struct {
	From, To time.Duration   // of a working day, since its midnight; To may be 24 hours
	Days     map[string]bool // worked: mon, tue …
	Holidays map[string]bool // not worked whatever the day of the week: 2026-01-01
	Workdays map[string]bool // worked whatever the day of the week
	Zone     *time.Location  // nil = UTC
}

// horizon is how far a calendar is read ahead, in days.
const horizon = 10 * 366

// After returns the moment when so much working time has passed since start. It returns plain time passed where the
// calendar has no working day within ten years.
func (c Calendar) After(start time.Time, work time.Duration) time.Time {
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	local, left := start.In(zone), work
	year, month, day := local.Date()
	for ahead := range horizon {
		noon := time.Date(year, month, day+ahead, 12, 0, 0, 0, zone)
		if !c.worked(noon) {
			continue
		}
		// Hours of the clock, not since midnight: a day on which the clock is changed begins and ends as any other.
		from, to := c.clock(noon, c.From), c.clock(noon, c.To)
		if from.Before(local) {
			from = local
		}
		open := to.Sub(from)
		if open <= 0 {
			continue
		}
		if left <= open {
			return from.Add(left)
		}
		left -= open
	}
	return local.Add(work)
}

// Hours returns when work begins and ends on the day of a moment; ok is false on a day off.
func (c Calendar) Hours(at time.Time) (opens, closes time.Time, ok bool) {
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	day := at.In(zone)
	return c.clock(day, c.From), c.clock(day, c.To), c.worked(day)
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
