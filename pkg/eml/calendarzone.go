package eml

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"time"

	"helpdesk/pkg/lazy"
)

// zoneNames maps the Windows names of time zones to names of the tz database.
//
//go:embed zones.txt
var zoneNames string

// windowsZones maps Windows names, in lower case, to names of the tz database.
var windowsZones = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for line := range strings.Lines(zoneNames) {
		if windows, name, ok := strings.Cut(strings.TrimSpace(line), " = "); ok && line[0] != '#' {
			names[strings.ToLower(windows)] = name
		}
	}
	return names
})

// calendarZones are the time zones defined in a calendar.
type calendarZones struct {
	rules map[string]zoneRules // by name in lower case
	usual string               // the zone of times without one; "" = unknown
}

// calendarTime is a time in a calendar.
type calendarTime struct {
	at    time.Time
	day   bool   // a whole day
	local bool   // at is local time in an unknown zone, or in the reader's zone
	zone  string // name of the unknown zone; "" = none
}

// time parses a time.
func (z calendarZones) time(p property) (calendarTime, bool) {
	const form = "20060102T150405"
	value := strings.ToUpper(strings.TrimSpace(p.value))
	if at, err := time.Parse("20060102", value); err == nil {
		return calendarTime{at: at, day: true}, true
	}
	clock, utc := strings.CutSuffix(value, "Z")
	at, err := time.Parse(form, clock)
	if err != nil {
		at, err = time.Parse(form[:len(form)-2], clock) // without seconds
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

// maxZoneID bounds a zone name, in bytes.
const maxZoneID = 100

// zoneID returns the zone name in a property or parameter.
func zoneID(s string) string {
	return strings.Trim(oneLine(unescapeCalendar(strings.ToValidUTF8(s[:min(len(s), maxZoneID)], ""))), `" `)
}

// moment returns the moment at which the clock of a zone shows a time.
//
// QUIRK: old programs describe daylight saving time incorrectly, so a name of the tz database comes first. Outlook uses
// Windows names ("Russian Standard Time"). Users may change the description of such a zone, so the description comes
// before the name.
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
	if len(z.rules) == 1 { // assume that the only zone described is meant
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

// location returns a zone of the tz database, or nil if the name is unknown.
//
// QUIRK: Evolution and others prepend a path: /freeassociation.sourceforge.net/Europe/Moscow.
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

var offsetName = lazy.Regexp(`(?i)^(?:UTC|GMT)?\s*([+-])(\d{1,2})(?:[:.]?(\d{2}))?$`)

// namedOffset returns the offset in a zone name such as "UTC+3", or of an abbreviation used in dates such as "MSK".
func namedOffset(name string) (time.Duration, bool) {
	if minutes, ok := zones[strings.ToUpper(name)]; ok {
		return time.Duration(minutes) * time.Minute, true
	}
	m := offsetName().FindStringSubmatch(name)
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

var lengthText = lazy.Regexp(
	`^\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?$`)

// calendarLength parses a duration (RFC 5545, 3.3.6). It returns 0 if it is invalid.
func calendarLength(s string) (length time.Duration) {
	m := lengthText().FindStringSubmatch(strings.ToUpper(strings.TrimSpace(s)))
	if m == nil {
		return 0
	}
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(m[i+1])
		length += time.Duration(n) * unit
	}
	return length
}
