package stats

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/worktime"
)

var (
	monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	office = worktime.Calendar{
		From: 9 * time.Hour,
		To:   18 * time.Hour,
		Days: map[string]bool{"mon": true, "tue": true, "wed": true, "thu": true, "fri": true},
	}
)

func spreadOf(count int, median, p90, working, working90 time.Duration) Spread {
	s := Spread{Count: count, Median: int64(median / time.Second), P90: int64(p90 / time.Second)}
	s.Working.Median, s.Working.P90 = int64(working/time.Second), int64(working90/time.Second)
	return s
}

func TestReport(t *testing.T) {
	c := New(Options{Since: monday, Now: monday.Add(7 * 24 * time.Hour), Calendar: office})
	place := func(mailbox string) desk.Place { return desk.Place{Mailbox: mailbox} }
	for _, l := range []desk.Record{
		{
			Received:  monday,
			Place:     place("support"),
			Verdict:   desk.Task,
			AutoReply: true,
			Rules:     []string{"human", "R10"},
		},
		{
			Received: monday.Add(time.Hour),
			Place:    place("support"),
			Verdict:  desk.Commented,
			Rules:    []string{"human", "R6", "open"},
		},
		{
			Received:   monday.Add(time.Hour),
			Place:      place("support"),
			Verdict:    desk.Task,
			Rules:      []string{"precedence", "R10", "T3 capped", "T1 excluded"},
			Unanswered: "T1 excluded",
		},
		{
			Received:   monday.Add(time.Hour),
			Place:      place("support"),
			Verdict:    desk.Task,
			Rules:      []string{"human", "R10", "T9 off"},
			Unanswered: "T9 off",
		},
		{
			Received: monday.Add(time.Hour),
			Place:    place("sales"),
			Verdict:  desk.Ignored,
			Class:    "receipt",
			Rules:    []string{"mdn"},
		},
		{Received: monday.Add(-time.Second), Place: place("sales"), Verdict: desk.Task, AutoReply: true},
	} {
		_ = c.Letter(l)
	}
	for _, one := range []desk.Ticket{
		{
			Mailbox:    "support",
			Opened:     monday,
			Status:     desk.Done,
			Answered:   monday.Add(time.Hour),
			AnsweredBy: "Anna",
			ClosedAt:   monday.Add(24 * time.Hour),
		},
		{
			Mailbox:    "support",
			Opened:     monday,
			Status:     desk.Open,
			Answered:   monday.Add(10 * time.Hour),
			AnsweredBy: "Anna",
		},
		{Mailbox: "sales", Opened: monday, Status: desk.Open},
		{Mailbox: "sales", Opened: monday.Add(6*24*time.Hour + time.Hour), Status: desk.Open}, // less than a day old
		{Mailbox: "sales", Opened: monday.Add(-time.Second), Status: desk.Open},
		{Mailbox: "sales", Opened: monday.Add(-time.Second), Status: desk.Open, Erased: monday}, // nobody to answer
	} {
		_ = c.Ticket(one)
	}
	answers := spreadOf(2, time.Hour, 10*time.Hour, time.Hour, 9*time.Hour)
	closings := spreadOf(1, 24*time.Hour, 24*time.Hour, 9*time.Hour, 9*time.Hour)
	want := Report{Since: monday, Until: monday.Add(7 * 24 * time.Hour),
		Total: Row{Letters: 5, Tickets: 4, Repeats: 1, Answer: answers, Close: closings},
		Mailboxes: []Row{{Name: "sales", Letters: 1, Tickets: 2},
			{Name: "support", Letters: 4, Tickets: 2, Repeats: 1, Answer: answers, Close: closings}},
		Weeks:       []Row{{Name: "2026-W48", Letters: 5, Tickets: 4, Repeats: 1, Answer: answers, Close: closings}},
		Specialists: []Row{{Name: "Anna", Tickets: 2, Answer: answers, Close: closings}},
		Unanswered:  2,
		Silent:      []Count{{"R6", 1}, {"T1 excluded", 1}, {"T9 off", 1}, {"mdn", 1}}}
	if diff := cmp.Diff(want, c.Report()); diff != "" {
		t.Error(diff)
	}
}

func TestQuantiles(t *testing.T) {
	for _, c := range []struct {
		all         []int64
		median, p90 int64
	}{{
		nil,
		0,
		0,
	}, {
		[]int64{7},
		7,
		7,
	}, {[]int64{3, 1}, 1, 3}, {[]int64{9, 2, 5}, 5, 9}, {[]int64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 5, 9}} {
		if median, p90 := quantiles(c.all); median != c.median || p90 != c.p90 {
			t.Errorf("%v: %d and %d, want %d and %d", c.all, median, p90, c.median, c.p90)
		}
	}
}

// BenchmarkYear counts a year of 100,000 tickets with two letters each.
func BenchmarkYear(b *testing.B) {
	for b.Loop() {
		c := New(Options{Since: monday, Now: monday.Add(365 * 24 * time.Hour), Calendar: office})
		for i := range 100_000 {
			at := monday.Add(time.Duration(i) * 315 * time.Second)
			for range 2 {
				_ = c.Letter(desk.Record{
					Received: at,
					Place:    desk.Place{Mailbox: "support"},
					Verdict:  desk.Task,
					Rules:    []string{"human"},
				})
			}
			_ = c.Ticket(desk.Ticket{Mailbox: "support", Opened: at, Status: desk.Done, Answered: at.Add(3 * time.Hour),
				AnsweredBy: fmt.Sprint("Anna ", i%9), ClosedAt: at.Add(80 * time.Hour)})
		}
		_ = c.Report()
	}
}

// A day on which the clock is changed is counted once, whatever zone the reported time begins in.
func TestShiftsWhereTheClockIsChanged(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	always := worktime.Calendar{To: 24 * time.Hour, Days: map[string]bool{}, Zone: berlin}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		always.Days[day] = true
	}
	for _, since := range []time.Time{
		time.Date(2026, 3, 27, 22, 30, 0, 0, time.UTC), // 23:30, and 00:30 from the 29th on
		time.Date(2026, 10, 23, 22, 30, 0, 0, time.UTC),
	} {
		s := newShifts(Options{Since: since, Now: since.Add(5 * 24 * time.Hour), Calendar: always})
		if got := s.until(since.Add(4*24*time.Hour)) - s.until(since); got != 4*24*3600 {
			t.Errorf("%v: %v worked, want 96h", since, time.Duration(got)*time.Second)
		}
	}
}
