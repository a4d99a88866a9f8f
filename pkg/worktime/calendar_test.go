package worktime

import (
	"testing"
	"time"
)

var now = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

var week = Calendar{From: 9 * time.Hour, To: 18 * time.Hour,
	Days:     map[string]bool{"mon": true, "tue": true, "wed": true, "thu": true, "fri": true},
	Holidays: map[string]bool{"2026-03-09": true}, Workdays: map[string]bool{"2026-03-14": true},
	Zone: time.FixedZone("MSK", 3*60*60)}

func TestWorkingTime(t *testing.T) {
	for _, tt := range []struct {
		start string
		work  time.Duration
		want  string
	}{
		{"2026-03-10T10:00", 4 * time.Hour, "2026-03-10T14:00"},
		{"2026-03-10T10:00", 8 * time.Hour, "2026-03-10T18:00"},
		{"2026-03-10T10:00", 8*time.Hour + time.Minute, "2026-03-11T09:01"},
		{"2026-03-10T03:00", time.Hour, "2026-03-10T10:00"},
		{"2026-03-10T20:00", time.Hour, "2026-03-11T10:00"},
		{"2026-03-06T17:00", 2 * time.Hour, "2026-03-10T10:00"}, // a Friday, a weekend and a holiday
		{"2026-03-13T17:00", 2 * time.Hour, "2026-03-14T10:00"}, // a Saturday that is a working day
		{"2026-03-10T09:00", 45 * time.Hour, "2026-03-14T18:00"},
	} {
		start, _ := time.ParseInLocation("2006-01-02T15:04", tt.start, week.Zone)
		if got := week.After(start.UTC(), tt.work).Format("2006-01-02T15:04"); got != tt.want {
			t.Errorf("%s + %s = %s, want %s", tt.start, tt.work, got, tt.want)
		}
	}
	never := Calendar{}
	if got := never.After(now, time.Hour); !got.Equal(now.Add(time.Hour)) {
		t.Error(got)
	}
}

// On days when the clock changes, working hours follow the clock.
func TestWorkingTimeWhenTheClockIsChanged(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	c := week
	c.Zone, c.Days = zone, map[string]bool{"sun": true, "mon": true}
	start := time.Date(2026, 3, 29, 1, 0, 0, 0, zone) // the night loses an hour
	if got := c.After(start, 10*time.Hour).Format(time.RFC3339); got != "2026-03-30T10:00:00+02:00" {
		t.Error(got)
	}
	c.From, c.To = 0, 24*time.Hour
	if got := c.After(start, 23*time.Hour).Format(time.RFC3339); got != "2026-03-30T01:00:00+02:00" {
		t.Error(got)
	}
}

func TestHours(t *testing.T) {
	for day, want := range map[string]string{"2026-03-10": "09:00 18:00 true", "2026-03-08": "09:00 18:00 false",
		"2026-03-09": "09:00 18:00 false",
		"2026-03-14": "09:00 18:00 true"} {
		at, _ := time.ParseInLocation(time.DateOnly, day, week.Zone)
		opens, closes, ok := week.Hours(at.Add(20 * time.Hour).UTC())
		if got := opens.Format("15:04 ") + closes.Format("15:04 ") + map[bool]string{
			true:  "true",
			false: "false",
		}[ok]; got != want {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
	}
}

func TestOpens(t *testing.T) {
	for at, want := range map[string]string{
		"2026-03-10T08:59": "2026-03-10T09:00",
		"2026-03-10T09:00": "",
		"2026-03-10T17:59": "",
		"2026-03-10T18:00": "2026-03-11T09:00",
		"2026-03-06T19:00": "2026-03-10T09:00", // a Friday, a weekend and a holiday
		"2026-03-13T18:00": "2026-03-14T09:00", // a Saturday that is a working day
		"2026-03-14T18:00": "2026-03-16T09:00",
		"2026-03-11T17:00": "2026-03-12T09:00", // a short day
	} {
		c := week
		c.Short = map[string]bool{"2026-03-11": true}
		moment, _ := time.ParseInLocation("2006-01-02T15:04", at, week.Zone)
		opens, ok := c.Opens(moment.UTC())
		got := ""
		if ok {
			got = opens.Format("2006-01-02T15:04")
		}
		if got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
	if opens, ok := (Calendar{}).Opens(now); ok {
		t.Error(opens)
	}
}

func TestShortDays(t *testing.T) {
	c := week
	c.Short = map[string]bool{"2026-03-10": true}
	start := time.Date(2026, 3, 10, 16, 0, 0, 0, week.Zone)
	if got := c.After(start, 2*time.Hour).Format("2006-01-02T15:04"); got != "2026-03-11T10:00" {
		t.Error(got)
	}
}
