package eml

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
)

const invitation = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nDTSTART:19700101T000000\nEND:VTIMEZONE\nBEGIN:VEVENT\nSUMMARY;LANGUAGE=ru:Совещание\\, отчёт\n  за квартал\nDTSTART;TZID=\"Europe/Moscow\":20240312T100000\nDTEND;TZID=\"Europe/Moscow\":20240312T113000\nLOCATION:Переговорная 5\nORGANIZER;CN=\"Петров: Иван\":mailto:ivan@example.ru\nEND:VEVENT\nEND:VCALENDAR\n"

func TestCalendar(t *testing.T) {
	m := parse(t, crlf("From: a@b.ru\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\n\n"+invitation))
	want := desk.Event{Method: "REQUEST", Summary: "Совещание, отчёт за квартал", Location: "Переговорная 5",
		Organizer: desk.Address{
			Name: "Петров: Иван",
			Addr: "ivan@example.ru",
		},
		Start: time.Date(2024, 3, 12, 7, 0, 0, 0, time.UTC), End: time.Date(2024, 3, 12, 8, 30, 0, 0, time.UTC)}
	same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
	if diff := cmp.Diff([]desk.Event{want}, m.Calendar, same); diff != "" || m.Plain != "" ||
		len(m.Attachments) != 1 || m.Attachments[0].Name != "part-1.ics" {
		t.Errorf("%s, %q, %+v", diff, m.Plain, m.Attachments)
	}
	m = parse(t,
		crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nPLAIN\n--b\nContent-Type: text/calendar\n\n"+
			invitation+"--b\nContent-Type: text/calendar; name=a.ics\n\n"+invitation+"--b--\n"))
	if diff := cmp.Diff([]desk.Event{want}, m.Calendar, same); diff != "" || strings.TrimSpace(m.Plain) != "PLAIN" {
		t.Errorf("beside a text, twice: %s, %q", diff, m.Plain)
	}
}

func TestCalendarEvent(t *testing.T) {
	event := func(method, lines string) string {
		return "BEGIN:VCALENDAR\n" + method + "BEGIN:VEVENT\nSUMMARY:S\n" + lines +
			"\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:second\nSTATUS:CANCELLED\nEND:VEVENT\nEND:VCALENDAR\n"
	}
	for _, c := range []struct{ name, method, text, what string }{
		{"accepted", "", event("METHOD:REPLY\n", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.ru"), desk.EventAccepted},
		{
			"declined, by the part's type",
			"reply",
			event("", "ATTENDEE;CN=\"A; B\";PARTSTAT=declined:mailto:a@b.ru"),
			desk.EventDeclined,
		},
		{
			"tentative",
			"",
			event("METHOD:Reply\n", "ATTENDEE;PARTSTAT=\"TENTATIVE\":mailto:a@b.ru"),
			desk.EventTentative,
		},
		{"delegated", "", event("METHOD:REPLY\n", "ATTENDEE;PARTSTAT=DELEGATED:mailto:a@b.ru"), desk.EventDelegated},
		{"replied", "", event("METHOD:REPLY\n", "ATTENDEE:mailto:a@b.ru"), desk.EventReplied},
		{"cancelled", "", event("METHOD:CANCEL\n", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.ru"), desk.EventCancelled},
		{"cancelled by its status", "", event("METHOD:REQUEST\n", "STATUS:CANCELLED"), desk.EventCancelled},
		{"countered", "", event("METHOD:COUNTER\n", "DTSTART:20260316T070000Z"), desk.EventCountered},
		{"refused", "", event("METHOD:DECLINECOUNTER\n", "X-A:b"), desk.EventRefused},
		{"invited", "", event("METHOD:REQUEST\n", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.ru"), desk.EventInvited},
		{"published", "", event("METHOD:PUBLISH\n", "STATUS:CONFIRMED"), desk.EventInvited},
		{"no method", "", event("", "STATUS:TENTATIVE"), desk.EventInvited},
	} {
		if e, ok := calendarEvent(c.text, c.method); !ok || e.What() != c.what || e.Summary != "S" {
			t.Errorf("%s: %+v is %s", c.name, e, e.What())
		}
	}
	alarm := event("METHOD:REQUEST\n",
		"BEGIN:VALARM\nDESCRIPTION:alarm\nSUMMARY:alarm\nDTSTART:20200101T000000Z\nATTENDEE:mailto:x@y\nEND:VALARM\nDESCRIPTION:раз\\nдва\nCOMMENT:опоздаю\nDTSTART:20260316T070000Z")
	if e, _ := calendarEvent(alarm, ""); e.Description != "раз\nдва" || e.Comment != "опоздаю" ||
		e.Start.Year() != 2026 || e.Attendee.Addr != "" {
		t.Errorf("an alarm inside: %+v", e)
	}
	if _, ok := calendarEvent(
		"BEGIN:VCALENDAR\nBEGIN:VFREEBUSY\nDTSTART:20260316T070000Z\nEND:VFREEBUSY\nEND:VCALENDAR", ""); ok {
		t.Error("an event where there is none")
	}
}

func TestCalendarTime(t *testing.T) {
	const zone = "BEGIN:VTIMEZONE\nTZID:Russian Standard " +
		"Time\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\n" +
		"BEGIN:VTIMEZONE\nTZID:another\nBEGIN:STANDARD\nTZOFFSETTO:+0900\nTZOFFSETFROM:+0900\nEND:STANDARD\nEND:VTIMEZONE\n" +
		"BEGIN:VTIMEZONE\nTZID:Romance Standard " +
		"Time\nBEGIN:STANDARD\nTZOFFSETTO:+0100\nEND:STANDARD\nBEGIN:DAYLIGHT\nTZOFFSETTO:+0200\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
	utc := time.Date(2026, 3, 16, 7, 0, 0, 0, time.UTC)
	for lines, want := range map[string]desk.Event{
		"DTSTART:20260316T070000Z\nDTEND:20260316T080000Z": {
			Start: utc,
			End:   utc.Add(time.Hour),
		},
		"DTSTART;TZID=Europe/Moscow:20260316T100000":         {Start: utc},
		"DTSTART;TZID=Russian Standard Time:20260316T100000": {Start: utc},
		"DTSTART;TZID=Romance Standard Time:20260316T100000": {Start: utc.Add(2 * time.Hour)},
		"DTSTART;TZID=Mars:20260316T100000": {
			Start: utc.Add(3 * time.Hour),
			Local: true,
			Zone:  "Mars",
		},
		"DTSTART:20260316T100000\nDURATION:PT1H30M": {
			Start: utc.Add(3 * time.Hour),
			End:   utc.Add(4*time.Hour + 30*time.Minute),
			Local: true,
		},
		"DTSTART:20260316T1000Z\nDURATION:P1W": {
			Start: utc.Add(3 * time.Hour),
			End:   utc.AddDate(0, 0, 7).Add(3 * time.Hour),
		},
		"DTSTART;VALUE=DATE:20260316\nDURATION:P2D": {
			Start: time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC),
			End:   time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC),
			Day:   true,
		},
		"DTSTART;TZID=UTC+3:20260316T100000":                                          {Start: utc},
		"DTSTART;TZID=\"GMT+0300\":20260316T100000":                                   {Start: utc},
		"DTSTART;TZID=MSK:20260316T100000":                                            {Start: utc},
		"DTSTART;TZID=ekaterinburg standard time:20260316T120000":                     {Start: utc},
		"DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Moscow:20260316T100000": {Start: utc},
		"DTSTART;TZID=/citadel.org/20210210_1/Asia/Omsk:20260316T130000":              {Start: utc},
		"DTSTART;VALUE=DATE:20260316\nDTEND;VALUE=DATE:20260318": {
			Start: time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC),
			End:   time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC),
			Day:   true,
		},
		"DTSTART:soon": {},
	} {
		e, _ := calendarEvent("BEGIN:VCALENDAR\n"+zone+"BEGIN:VEVENT\nSUMMARY:S\n"+lines+"\nEND:VEVENT\nEND:VCALENDAR",
			"")
		if !e.Start.Equal(want.Start) || !e.End.Equal(want.End) || e.Zone != want.Zone || e.Local != want.Local ||
			e.Day != want.Day {
			t.Errorf("%q: %+v", lines, e)
		}
	}
}

// Each zone, in the description of several programs, agrees with the tz database for every hour of two years.
func TestZonesByTheirRules(t *testing.T) {
	outlook := func(standard, daylight, on, off string) string {
		return "BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:" + daylight + "\nTZOFFSETTO:" + standard +
			"\nRRULE:FREQ=YEARLY;INTERVAL=1;" + off +
			"\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:" + standard + "\nTZOFFSETTO:" +
			daylight + "\nRRULE:FREQ=YEARLY;INTERVAL=1;" + on + "\nEND:DAYLIGHT\n"
	}
	const (
		lastOctober, lastMarch = "BYDAY=-1SU;BYMONTH=10", "BYDAY=-1SU;BYMONTH=3"
		ended                  = "BEGIN:STANDARD\nTZOFFSETFROM:+0400\nRRULE:FREQ=YEARLY;UNTIL=20101030T230000Z;BYMONTH=10;BYDAY=-1SU\nDTSTART:19961027T030000\nTZOFFSETTO:+0300\nEND:STANDARD\n" +
			"BEGIN:DAYLIGHT\nTZOFFSETFROM:+0300\nRRULE:FREQ=YEARLY;UNTIL=20100327T230000Z;BYMONTH=3;BYDAY=-1SU\nDTSTART:19930328T020000\nTZOFFSETTO:+0400\nEND:DAYLIGHT\n" +
			"BEGIN:STANDARD\nTZOFFSETFROM:+0300\nDTSTART:20110327T020000\nTZOFFSETTO:+0400\nRDATE:20110327T020000\nEND:STANDARD\n" +
			"BEGIN:STANDARD\nTZOFFSETFROM:+0400\nDTSTART:20141026T020000\nTZOFFSETTO:+0300\nEND:STANDARD\n"
	)
	for _, c := range []struct{ name, rules, as string }{
		{"W. Europe Standard Time", outlook("+0100", "+0200", lastMarch, lastOctober), "Europe/Berlin"},
		{
			"Eastern Standard Time",
			strings.ReplaceAll(outlook("-0500", "-0400", "BYDAY=2SU;BYMONTH=3", "BYDAY=1SU;BYMONTH=11"), "T030000",
				"T020000"),
			"America/New_York",
		},
		{"Customized Time Zone", outlook("+0100", "+0200", lastMarch, lastOctober), "Europe/Paris"},
		{
			"(GMT+02.00) Хельсинки\\, Киев",
			strings.ReplaceAll(strings.ReplaceAll(outlook("+0200", "+0300", lastMarch, lastOctober), "T030000",
				"T040000"), "T020000", "T030000"),
			"Europe/Helsinki",
		},
		{
			"tzone://Microsoft/Custom",
			strings.ReplaceAll(outlook("+1000", "+1100", "BYDAY=1SU;BYMONTH=10", "BYDAY=1SU;BYMONTH=4"), "1601",
				"1970"),
			"Australia/Sydney",
		},
		{
			"by the day of the month",
			outlook("-0500", "-0400", "BYMONTH=3;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU",
				"BYMONTH=11;BYMONTHDAY=1,2,3,4,5,6,7;BYDAY=SU"),
			"America/Toronto",
		},
		{"Москва", ended, "Europe/Moscow"},
		{
			"India",
			"BEGIN:STANDARD\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nDTSTART:19700101T000000\nEND:STANDARD\n",
			"Asia/Kolkata",
		},
	} {
		if c.name == "Eastern Standard Time" || c.name == "by the day of the month" {
			c.rules = strings.ReplaceAll(c.rules, "T030000", "T020000")
		}
		zone, err := time.LoadLocation(c.as)
		if err != nil {
			t.Fatal(err)
		}
		text := "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:" + c.name + "\n" + c.rules +
			"END:VTIMEZONE\nBEGIN:VTIMEZONE\nTZID:another\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0900\nTZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\n"
		reading := calendarZones{}
		for _, one := range strings.SplitAfter(text, "END:VTIMEZONE\n") {
			readZone(&reading, one)
		}
		rules := reading.rules[strings.ToLower(zoneID(c.name))]
		if len(rules) == 0 {
			t.Errorf("%s is not read", c.name)
			continue
		}
		for at := time.Date(2025, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() < 2027; at = at.Add(time.Hour) {
			y, m, d := at.In(zone).Date()
			clock := time.Date(y, m, d, at.In(zone).Hour(), at.In(zone).Minute(), 0, 0, time.UTC)
			got := rules.moment(clock)
			if again := at.Add(-time.Hour).In(zone); again.Hour() == at.In(zone).Hour() {
				continue // the second time that the clock shows it
			}
			if !got.Equal(at) {
				t.Errorf("%s: %s is %s, want %s", c.name, clock.Format(time.DateTime), got, at)
				break
			}
		}
	}
}

// readZone parses a VTIMEZONE like calendarEvent.
func readZone(zones *calendarZones, text string) {
	var z zoneReading
	var within []string
	for line := range strings.Lines(text) {
		key, value, _ := cutProperty(strings.TrimSpace(line))
		switch name, _ := readParams(key); name {
		case "BEGIN":
			z.begin(value)
			within = append(within, value)
		case "END":
			within = within[:len(within)-1]
		default:
			z.read(innermost(within), name, value)
		}
	}
	zones.add(z)
}

func TestWindowsZones(t *testing.T) {
	if len(windowsZones()) < 130 {
		t.Errorf("%d names", len(windowsZones()))
	}
	for windows, name := range windowsZones() {
		if location(name) == nil {
			t.Errorf("%s: no zone %q", windows, name)
		}
	}
	// The description of a zone in the calendar comes before its Windows name.
	e, _ := calendarEvent("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Russian Standard "+
		"Time\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0400\nTZOFFSETTO:+0400\nEND:STANDARD\n"+
		"END:VTIMEZONE\nBEGIN:VEVENT\nDTSTART;TZID=Russian Standard Time:20260316T110000\nEND:VEVENT\nEND:VCALENDAR",
		"")
	if want := time.Date(2026, 3, 16, 7, 0, 0, 0, time.UTC); !e.Start.Equal(want) {
		t.Error(e.Start)
	}
	// A zone for the whole calendar, and a single zone described under another name.
	for _, text := range []string{
		"X-WR-TIMEZONE:Asia/Omsk\nBEGIN:VEVENT\nDTSTART:20260316T130000\n",
		"BEGIN:VTIMEZONE\nTZID:one\nBEGIN:STANDARD\nTZOFFSETFROM:+0600\nTZOFFSETTO:+0600\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nDTSTART;TZID=two:20260316T130000\n",
	} {
		e, _ := calendarEvent("BEGIN:VCALENDAR\n"+text+"END:VEVENT\nEND:VCALENDAR", "")
		if want := time.Date(2026, 3, 16, 7, 0, 0, 0, time.UTC); !e.Start.Equal(want) || e.Local {
			t.Errorf("%q: %+v", text, e)
		}
	}
}
