package eml

import (
	"net/mail"
	"strconv"
	"strings"
	"time"

	"helpdesk/pkg/lazy"
)

var (
	dateWords = lazy.Regexp(
		`(?i)(\d{1,2})[\s.-]*(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\s.,-]*(\d{4}|\d{2})\b(.*)`)
	dateUnix = lazy.Regexp(
		`(?i)(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\s+(\d{1,2})\s+(\d{1,2}:\d{2}(?::\d{2})?)\s*(\S*?)\s+(\d{4})`)
	dateISO   = lazy.Regexp(`(\d{4})[-/](\d{1,2})[-/](\d{1,2})(.*)`)
	clockText = lazy.Regexp(`(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?`)
	zoneText  = lazy.Regexp(`([+-])(\d{1,2}):?(\d{2})\b`)
	zoneName  = lazy.Regexp(`\b([A-Z]{3,4})\b`)
)

// zones are the zone names of RFC 5322 and of Russian servers, in minutes east of UTC.
var zones = map[string]int{
	"EDT": -240, "EST": -300, "CDT": -300, "CST": -360, "MDT": -360, "MST": -420, "PDT": -420, "PST": -480,
	"MSK": 180, "MSD": 240, "EET": 120, "EEST": 180, "CET": 60, "CEST": 120, "BST": 60, "YEKT": 300, "NOVT": 420,
}

const months = "janfebmaraprmayjunjulaugsepoctnovdec"

// dateOf returns the first well-formed date, else the first readable one, else the zero time.
func dateOf(fields []string) time.Time {
	for _, s := range fields {
		t, err := time.Parse(time.RFC1123Z, s) // the form of most programs; ParseDate tries many others first
		if err != nil {
			t, err = mail.ParseDate(s)
		}
		if err == nil {
			// QUIRK: net/mail treats unknown zone names as UTC, and Russian servers write MSK.
			if name, off := t.Zone(); off == 0 && zones[name] != 0 {
				t = t.Add(-time.Duration(zones[name]) * time.Minute)
			}
			return sane(t)
		}
	}
	for _, s := range fields {
		if t := parseDate(s); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// parseDate parses a date that net/mail refuses.
func parseDate(s string) time.Time {
	if m := dateWords().FindStringSubmatch(s); m != nil {
		return sane(makeDate(m[3], month(m[2]), m[1], m[4]))
	}
	if m := dateUnix().FindStringSubmatch(s); m != nil {
		return sane(makeDate(m[5], month(m[1]), m[2], m[3]+" "+m[4]))
	}
	if m := dateISO().FindStringSubmatch(s); m != nil {
		mon, _ := strconv.Atoi(m[2])
		return sane(makeDate(m[1], mon, m[3], m[4]))
	}
	return time.Time{}
}

// sane returns t if it is plausible and can be printed, else the zero time. QUIRK: spammers and devices send zones of
// 24 hours and more.
func sane(t time.Time) time.Time {
	const day = 24 * 60 * 60
	if _, east := t.Zone(); t.Year() < 1971 || t.Year() > 2200 || east <= -day || east >= day {
		return time.Time{}
	}
	return t
}

func month(name string) int { return strings.Index(months, strings.ToLower(name))/3 + 1 }

func makeDate(year string, mon int, day, rest string) time.Time {
	y, _ := strconv.Atoi(year)
	if y < 70 {
		y += 2000
	} else if y < 100 {
		y += 1900
	}
	d, _ := strconv.Atoi(day)
	if mon < 1 || mon > 12 || d < 1 || d > 31 {
		return time.Time{}
	}
	var clock [3]int
	if m := clockText().FindStringSubmatch(rest); m != nil {
		for i := range clock {
			clock[i], _ = strconv.Atoi(m[i+1])
		}
	}
	if clock[0] > 24 || clock[1] > 59 || clock[2] > 60 {
		return time.Time{}
	}
	return time.Date(y, time.Month(mon), d, clock[0], clock[1], clock[2], 0, zone(rest))
}

func zone(s string) *time.Location {
	if m := zoneText().FindStringSubmatch(s); m != nil {
		h, _ := strconv.Atoi(m[2])
		min, _ := strconv.Atoi(m[3])
		east := (h*60 + min) * 60
		if m[1] == "-" {
			east = -east
		}
		if h < 16 {
			return time.FixedZone("", east)
		}
	}
	if m := zoneName().FindStringSubmatch(s); m != nil {
		if east, ok := zones[m[1]]; ok {
			return time.FixedZone(m[1], east*60)
		}
	}
	return time.UTC
}
