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
	want := desk.Event{Method: "REQUEST", Summary: "Совещание, отчёт за квартал", Location: "Переговорная 5", Organizer: desk.Address{Name: "Петров: Иван", Addr: "ivan@example.ru"},
		Start: time.Date(2024, 3, 12, 7, 0, 0, 0, time.UTC), End: time.Date(2024, 3, 12, 8, 30, 0, 0, time.UTC)}
	same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
	if diff := cmp.Diff([]desk.Event{want}, m.Calendar, same); diff != "" || m.Plain != "" || len(m.Attachments) != 1 || m.Attachments[0].Name != "part-1.ics" {
		t.Errorf("%s, %q, %+v", diff, m.Plain, m.Attachments)
	}
	m = parse(t, crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nPLAIN\n--b\nContent-Type: text/calendar\n\n"+invitation+"--b\nContent-Type: text/calendar; name=a.ics\n\n"+invitation+"--b--\n"))
	if diff := cmp.Diff([]desk.Event{want}, m.Calendar, same); diff != "" || strings.TrimSpace(m.Plain) != "PLAIN" {
		t.Errorf("beside a text, twice: %s, %q", diff, m.Plain)
	}
}

func TestCalendarEvent(t *testing.T) {
	event := func(method, lines string) string {
		return "BEGIN:VCALENDAR\n" + method + "BEGIN:VEVENT\nSUMMARY:S\n" + lines + "\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:second\nSTATUS:CANCELLED\nEND:VEVENT\nEND:VCALENDAR\n"
	}
	for _, c := range []struct{ name, method, text, what string }{
		{"accepted", "", event("METHOD:REPLY\n", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.ru"), desk.EventAccepted},
		{"declined, by the part's type", "reply", event("", "ATTENDEE;CN=\"A; B\";PARTSTAT=declined:mailto:a@b.ru"), desk.EventDeclined},
		{"tentative", "", event("METHOD:Reply\n", "ATTENDEE;PARTSTAT=\"TENTATIVE\":mailto:a@b.ru"), desk.EventTentative},
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
	alarm := event("METHOD:REQUEST\n", "BEGIN:VALARM\nDESCRIPTION:alarm\nSUMMARY:alarm\nDTSTART:20200101T000000Z\nATTENDEE:mailto:x@y\nEND:VALARM\nDESCRIPTION:раз\\nдва\nCOMMENT:опоздаю\nDTSTART:20260316T070000Z")
	if e, _ := calendarEvent(alarm, ""); e.Description != "раз\nдва" || e.Comment != "опоздаю" || e.Start.Year() != 2026 || e.Attendee.Addr != "" {
		t.Errorf("an alarm inside: %+v", e)
	}
	if _, ok := calendarEvent("BEGIN:VCALENDAR\nBEGIN:VFREEBUSY\nDTSTART:20260316T070000Z\nEND:VFREEBUSY\nEND:VCALENDAR", ""); ok {
		t.Error("an event where there is none")
	}
}

func TestCalendarTime(t *testing.T) {
	const zone = "BEGIN:VTIMEZONE\nTZID:Russian Standard Time\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\n" +
		"BEGIN:VTIMEZONE\nTZID:Romance Standard Time\nBEGIN:STANDARD\nTZOFFSETTO:+0100\nEND:STANDARD\nBEGIN:DAYLIGHT\nTZOFFSETTO:+0200\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
	utc := time.Date(2026, 3, 16, 7, 0, 0, 0, time.UTC)
	for lines, want := range map[string]desk.Event{
		"DTSTART:20260316T070000Z\nDTEND:20260316T080000Z":       {Start: utc, End: utc.Add(time.Hour)},
		"DTSTART;TZID=Europe/Moscow:20260316T100000":             {Start: utc},
		"DTSTART;TZID=Russian Standard Time:20260316T100000":     {Start: utc},
		"DTSTART;TZID=Romance Standard Time:20260316T100000":     {Start: time.Date(2026, 3, 16, 10, 0, 0, 0, time.UTC), Zone: "Romance Standard Time"},
		"DTSTART:20260316T100000":                                {Start: time.Date(2026, 3, 16, 10, 0, 0, 0, time.UTC)},
		"DTSTART;VALUE=DATE:20260316\nDTEND;VALUE=DATE:20260318": {Start: time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC), Day: true},
		"DTSTART:soon": {},
	} {
		e, _ := calendarEvent("BEGIN:VCALENDAR\n"+zone+"BEGIN:VEVENT\nSUMMARY:S\n"+lines+"\nEND:VEVENT\nEND:VCALENDAR", "")
		if !e.Start.Equal(want.Start) || !e.End.Equal(want.End) || e.Zone != want.Zone || e.Day != want.Day {
			t.Errorf("%q: %+v", lines, e)
		}
	}
}
