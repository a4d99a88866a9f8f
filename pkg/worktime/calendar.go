// Package worktime counts working time by a calendar. It has no built-in holidays.
package worktime

import (
	"iter"
	"time"
)

// Calendar says when people work. The zero value has no working days, so After counts all time.
type Calendar struct {
	From, To time.Duration   // start and end of a working day, since midnight; To may be 24 hours
	Days     map[string]bool // working days: mon, tue …
	Holidays map[string]bool // days off, whatever the weekday: 2026-01-01
	Workdays map[string]bool // working days, whatever the weekday
	Short    map[string]bool // working days that are one hour shorter
	Zone     *time.Location  // nil = UTC
}

// horizon is how many days ahead a calendar is searched.
const horizon = 10 * 366

// After returns the moment when the working time has passed since start. If the calendar has no working day within ten
// years, it counts all time as working time.
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

// Opens returns when work begins again. ok is false if it is working time now, or if the calendar has no working day
// within ten years.
func (c Calendar) Opens(at time.Time) (opens time.Time, ok bool) {
	local := c.local(at)
	for from := range c.shifts(local) {
		return from, from.After(local)
	}
	return time.Time{}, false
}

// shifts yields start and end of the working days, from the first that is not over at the moment.
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

// Hours returns when work begins and ends on the day of at; ok is false on a day off.
func (c Calendar) Hours(at time.Time) (opens, closes time.Time, ok bool) {
	day, end := c.local(at), c.To
	if c.Short[day.Format(time.DateOnly)] {
		end = max(c.From, end-time.Hour)
	}
	// These are clock times, not durations since midnight: the hours are the same on a day when the clock changes.
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

// weekdays are the keys of Calendar.Days, from time.Sunday.
var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (c Calendar) clock(day time.Time, at time.Duration) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 0, 0, int(at/time.Second), 0, day.Location())
}
