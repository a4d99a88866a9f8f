package eml

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// zoneNames has the names that Windows gives to time zones, and the names of the tz database for them.
//
//go:embed zones.txt
var zoneNames string

// windowsZones maps names of Windows, in lower case, to names of the tz database.
var windowsZones = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for line := range strings.Lines(zoneNames) {
		if windows, name, ok := strings.Cut(strings.TrimSpace(line), " = "); ok && line[0] != '#' {
			names[strings.ToLower(windows)] = name
		}
	}
	return names
})

// calendarZones are the time zones that a calendar describes itself.
type calendarZones struct {
	rules map[string]zoneRules // by their names in lower case
	usual string               // the zone of what names none; "" = not told
}

// calendarTime is a time as a calendar gives it.
type calendarTime struct {
	at    time.Time
	day   bool   // a whole day
	local bool   // at is what a clock shows, of a zone that nobody knows, or wherever it hangs
	zone  string // that zone's name; "" = none
}

// time reads a time.
func (z calendarZones) time(p property) (calendarTime, bool) {
	const form = "20060102T150405"
	value := strings.ToUpper(strings.TrimSpace(p.value))
	if at, err := time.Parse("20060102", value); err == nil {
		return calendarTime{at: at, day: true}, true
	}
	clock, utc := strings.CutSuffix(value, "Z")
	at, err := time.Parse(form, clock)
	if err != nil {
		at, err = time.Parse(form[:len(form)-2], clock) // seconds left out
	}
	if err != nil || utc {
		return calendarTime{at: at}, err == nil
	}
	name := zoneID(p.params["TZID"])
	if name == "" {
		name = z.usual
	}
	if moment, ok := z.moment(at, name); ok {
		return calendarTime{at: moment}, true
	}
	return calendarTime{at: at, local: true, zone: name}, true
}

// maxZoneID is how many bytes of a zone's name are looked at.
const maxZoneID = 100

// zoneID returns the name of a zone, as a property or a parameter has it.
func zoneID(s string) string {
	return strings.Trim(oneLine(unescapeCalendar(strings.ToValidUTF8(s[:min(len(s), maxZoneID)], ""))), `" `)
}

// moment returns when the clock of a zone shows a time.
//
// QUIRK: the tz database knows better than old programs when summer time was, so its names come first. Outlook names
// zones as Windows does ("Russian Standard Time"); what it says of them may be changed by hand, so that comes before
// the name.
func (z calendarZones) moment(clock time.Time, name string) (time.Time, bool) {
	if name == "" {
		return clock, false
	}
	folded := strings.ToLower(name)
	if at := location(name); at != nil {
		return moment(clock, at), true
	}
	if rules, ok := z.rules[folded]; ok {
		return rules.moment(clock), true
	}
	if at := location(windowsZones()[folded]); at != nil {
		return moment(clock, at), true
	}
	if offset, ok := namedOffset(name); ok {
		return clock.Add(-offset), true
	}
	if len(z.rules) == 1 { // the one that is described is meant
		for _, rules := range z.rules {
			return rules.moment(clock), true
		}
	}
	return clock, false
}

func moment(clock time.Time, at *time.Location) time.Time {
	y, m, d := clock.Date()
	return time.Date(y, m, d, clock.Hour(), clock.Minute(), clock.Second(), 0, at).UTC()
}

// location returns the zone that the tz database has by a name, nil where it has none.
//
// QUIRK: Evolution and others put their own path before it: /freeassociation.sourceforge.net/Europe/Moscow.
func location(name string) *time.Location {
	for rest := strings.TrimPrefix(name, "/"); rest != ""; {
		if strings.EqualFold(rest, "Local") {
			return nil
		}
		if at, err := time.LoadLocation(rest); err == nil {
			return at
		}
		_, rest, _ = strings.Cut(rest, "/")
	}
	return nil
}

var offsetName = regexp.MustCompile(`(?i)^(?:UTC|GMT)?\s*([+-])(\d{1,2})(?:[:.]?(\d{2}))?$`)

// namedOffset returns the offset of a zone that is named by it, as in "UTC+3", or by the letters of dates, as in "MSK".
func namedOffset(name string) (time.Duration, bool) {
	if minutes, ok := zones[strings.ToUpper(name)]; ok {
		return time.Duration(minutes) * time.Minute, true
	}
	m := offsetName.FindStringSubmatch(name)
	if m == nil {
		return 0, false
	}
	h, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi(m[3])
	offset := time.Duration(h)*time.Hour + time.Duration(minutes)*time.Minute
	if m[1] == "-" {
		offset = -offset
	}
	return offset, h < 24
}

var lengthText = regexp.MustCompile(
	`^\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?$`)

// calendarLength reads how long something takes (RFC 5545, 3.3.6), 0 where that can't be read.
func calendarLength(s string) (length time.Duration) {
	m := lengthText.FindStringSubmatch(strings.ToUpper(strings.TrimSpace(s)))
	if m == nil {
		return 0
	}
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(m[i+1])
		length += time.Duration(n) * unit
	}
	return length
}
