package render

import (
	"testing"
	"time"

	"helpdesk/pkg/desk"
)

func TestEvent(t *testing.T) {
	moscow := time.FixedZone("MSK", 3*3600)
	at := time.Date(2026, 3, 16, 7, 0, 0, 0, time.UTC)
	person := desk.Address{Name: "Мария Орлова", Addr: "orlova@zavod.example"}
	base := desk.Event{
		Summary:   "Касса",
		Start:     at,
		End:       at.Add(time.Hour),
		Attendee:  person,
		Organizer: desk.Address{Addr: "support@example.ru"},
	}
	with := func(change func(*desk.Event)) desk.Event {
		e := base
		change(&e)
		return e
	}
	ru, en := newSet(t, settings("ru")), newSet(t, settings("en"))
	for _, c := range []struct {
		event  desk.Event
		ru, en string
	}{
		{
			base,
			"Приглашение: Касса · 16.03.2026 10:00–11:00 · support@example.ru",
			"Invitation: Касса · 16.03.2026 10:00–11:00 · support@example.ru",
		},
		{with(func(e *desk.Event) { e.Method, e.Answer, e.Comment = "REPLY", "ACCEPTED", "опоздаю" }),
			"Приглашение принято (Мария Орлова <orlova@zavod.example>): Касса · 16.03.2026 10:00–11:00 · " +
				"support@example.ru\n\nопоздаю",
			"Invitation accepted (Мария Орлова <orlova@zavod.example>): Касса · 16.03.2026 10:00–11:00 · " +
				"support@example.ru\n\nопоздаю"},
		{with(func(e *desk.Event) {
			e.Method, e.Answer, e.Start, e.Organizer = "REPLY", "DECLINED", time.Time{}, desk.Address{}
		}),
			"Приглашение отклонено (Мария Орлова <orlova@zavod.example>): Касса",
			"Invitation declined (Мария Орлова <orlova@zavod.example>): Касса"},
		{with(func(e *desk.Event) { e.Method, e.End, e.Location = "CANCEL", at.Add(26*time.Hour), "Пермь" }),
			"Встреча отменена: Касса · 16.03.2026 10:00 – 17.03.2026 12:00 · Пермь · support@example.ru",
			"Meeting cancelled: Касса · 16.03.2026 10:00 – 17.03.2026 12:00 · Пермь · support@example.ru"},
		{with(func(e *desk.Event) {
			e.Method, e.Local, e.Zone = "COUNTER", true, "Romance Standard Time"
			e.End, e.Organizer = time.Time{}, desk.Address{}
		}),
			"Предложено другое время встречи (Мария Орлова <orlova@zavod.example>): Касса · 16.03.2026 07:00 " +
				"(Romance Standard Time)",
			"Another time proposed for the meeting (Мария Орлова <orlova@zavod.example>): Касса · 16.03.2026 07:00 " +
				"(Romance Standard Time)"},
		{with(func(e *desk.Event) {
			e.Local, e.Organizer = true, desk.Address{}
		}), "Приглашение: Касса · 16.03.2026 07:00–08:00", "Invitation: Касса · 16.03.2026 07:00–08:00"},
		{desk.Event{
			Day:         true,
			Start:       at.Truncate(24 * time.Hour),
			End:         at.Truncate(24*time.Hour).AddDate(0, 0, 1),
			Description: "раз",
		},
			"Приглашение · 16.03.2026 – 17.03.2026\n\nраз", "Invitation · 16.03.2026 – 17.03.2026\n\nраз"},
	} {
		if got := ru.Event(c.event, moscow); got != c.ru {
			t.Errorf("%q, want %q", got, c.ru)
		}
		if got := en.Event(c.event, moscow); got != c.en {
			t.Errorf("%q, want %q", got, c.en)
		}
	}
}
