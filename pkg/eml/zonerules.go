package eml

import (
	"strconv"
	"strings"
	"time"
)

// maxOnsets bounds the changes of a zone's offset.
const maxOnsets = 400

// zoneRules is a time zone defined in a calendar (RFC 5545, 3.6.5).
type zoneRules []observance

// observance is an offset of a zone: standard or daylight saving time. Its times are local times before each change.
type observance struct {
	start    time.Time // the first change to it
	from, to time.Duration
	dates    []time.Time // further changes
	rule     map[string]string
}

// zoneReading is an unfinished VTIMEZONE.
type zoneReading struct {
	name  string
	rules zoneRules
}

// begin handles the beginning of a component.
func (z *zoneReading) begin(component string) {
	switch strings.ToUpper(component) {
	case "VTIMEZONE":
		*z = zoneReading{}
	case "STANDARD", "DAYLIGHT":
		if len(z.rules) < maxOnsets {
			z.rules = append(z.rules, observance{})
		}
	}
}

// read handles a property of a VTIMEZONE or of an observance in it.
func (z *zoneReading) read(inner, name, value string) {
	if inner == "VTIMEZONE" {
		if name == "TZID" {
			z.name = zoneID(value)
		}
		return
	}
	if len(z.rules) == 0 {
		return
	}
	o := &z.rules[len(z.rules)-1]
	switch name {
	case "DTSTART":
		o.start = clockTime(value)
	case "TZOFFSETFROM":
		o.from = clockOffset(value)
	case "TZOFFSETTO":
		o.to = clockOffset(value)
	case "RRULE":
		o.rule = map[string]string{}
		for part := range strings.SplitSeq(strings.ToUpper(value), ";") {
			key, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			o.rule[key] = v
		}
	case "RDATE":
		for part := range strings.SplitSeq(value, ",") {
			if t := clockTime(part); !t.IsZero() && len(o.dates) < maxOnsets {
				o.dates = append(o.dates, t)
			}
		}
	}
}

// add adds a zone if it says when its offsets apply.
func (z *calendarZones) add(r zoneReading) {
	for _, o := range r.rules {
		if o.start.IsZero() && (o.to != r.rules[0].to || o.from != o.to) {
			return
		}
	}
	if r.name == "" || len(r.rules) == 0 {
		return
	}
	if z.rules == nil {
		z.rules = map[string]zoneRules{}
	}
	z.rules[strings.ToLower(r.name)] = r.rules
}

func clockTime(s string) time.Time {
	t, _ := time.Parse("20060102T150405", strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(s)), "Z"))
	return t
}

func clockOffset(s string) time.Duration {
	s = strings.TrimSpace(s)
	for _, form := range []string{"-0700", "-07:00", "-070000"} {
		if t, err := time.Parse(form, s); err == nil {
			_, offset := t.Zone()
			return time.Duration(offset) * time.Second
		}
	}
	return 0
}

// moment returns the moment of a local time. If the clock shows it twice, the first one counts; if the clock skips it,
// the offset before the gap applies (RFC 5545, 3.3.5).
func (z zoneRules) moment(clock time.Time) time.Time {
	var last, first time.Time
	offset, before := z[0].to, z[0].from
	for _, o := range z {
		at := o.onset(clock)
		if !at.IsZero() && (last.IsZero() || at.After(last)) {
			last, offset = at, o.to
			if clock.Sub(at) < o.to-o.from {
				offset = o.from
			}
		}
		if first.IsZero() || o.start.Before(first) {
			first, before = o.start, o.from
		}
	}
	if last.IsZero() && !first.IsZero() {
		offset = before
	}
	return clock.Add(-offset)
}

// onset returns the last change to an observance up to a local time, or the zero time.
func (o *observance) onset(clock time.Time) (last time.Time) {
	take := func(at time.Time) {
		if !at.After(clock) && at.After(last) {
			last = at
		}
	}
	take(o.start)
	for _, at := range o.dates {
		take(at)
	}
	if o.rule["FREQ"] != "YEARLY" {
		return last
	}
	final := clock.Year()
	until := clockTime(o.rule["UNTIL"])
	if day, err := time.Parse("20060102", o.rule["UNTIL"]); err == nil {
		until = day.AddDate(0, 0, 1)
	}
	if strings.HasSuffix(o.rule["UNTIL"], "Z") {
		until = until.Add(o.from)
	}
	if !until.IsZero() {
		final = min(final, until.Year())
	}
	if n, err := strconv.Atoi(o.rule["COUNT"]); err == nil && n > 0 {
		final = min(final, o.start.Year()+n-1)
	}
	for year := final; year >= final-1 && year >= o.start.Year(); year-- {
		if at := o.yearly(year); !at.Before(o.start) && (until.IsZero() || !at.After(until)) {
			take(at)
		}
	}
	return last
}

// yearly returns the change of the rule in a year: on a date, or on a weekday such as "the last Sunday" of a month.
func (o *observance) yearly(year int) time.Time {
	month, day := o.start.Month(), o.start.Day()
	if n, err := strconv.Atoi(o.rule["BYMONTH"]); err == nil && n >= 1 && n <= 12 {
		month = time.Month(n)
	}
	days := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	first, _, _ := strings.Cut(o.rule["BYMONTHDAY"], ",")
	if n, err := strconv.Atoi(first); err == nil && n != 0 {
		if day = n; n < 0 {
			day = days + 1 + n
		}
	}
	if nth, weekday, ok := weekdayOf(o.rule["BYDAY"]); ok {
		switch {
		case nth > 0:
			day = 1 + (nth-1)*7
		case nth < 0:
			day = days - 6 + (nth+1)*7
		case first == "":
			day = 1
		}
		on := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Weekday()
		day += int((weekday - on + 7) % 7)
	}
	return time.Date(year, month, day, o.start.Hour(), o.start.Minute(), o.start.Second(), 0, time.UTC)
}

// weekdayOf parses the weekday of a rule and its position in the month: "-1SU" is the last Sunday, "SU" any Sunday.
func weekdayOf(s string) (nth int, day time.Weekday, ok bool) {
	if len(s) < 2 {
		return 0, 0, false
	}
	at := strings.Index("SUMOTUWETHFRSA", s[len(s)-2:])
	if at < 0 || at%2 != 0 {
		return 0, 0, false
	}
	if nth, err := strconv.Atoi(s[:len(s)-2]); err == nil && nth >= -5 && nth <= 5 {
		return nth, time.Weekday(at / 2), true
	}
	return 0, time.Weekday(at / 2), len(s) == 2
}
