package store

import (
	"testing"
	"time"

	"helpdesk/pkg/desk"
)

// Letters are counted for a day, and the ticket that collects the excess letters is remembered for a day.
func TestArrivals(t *testing.T) { onBoth(t, testArrivals) }

func testArrivals(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	var got []desk.Arrivals
	take := func(at time.Time, uid uint32, with func(*desk.Decision)) {
		t.Helper()
		e := arrival(uid, "ivan@example.org")
		e.Questions.Arrivals = []string{"ivan@example.org", "@example.org"}
		err := s.Ledger.Record(at, []desk.Entry{e}, time.Hour, func(_ int, f desk.Facts) (desk.Decision, error) {
			got = f.Arrivals
			d := opens(e)
			with(&d)
			return d, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	counted := func(d *desk.Decision) { d.Counted = []string{"ivan@example.org", "@example.org"} }
	take(noon, 1, counted)
	if len(got) != 0 {
		t.Errorf("before the first: %v", got)
	}
	take(noon.Add(time.Hour), 2, counted)
	take(noon.Add(2*time.Hour), 3, func(d *desk.Decision) { d.Gathers = "@example.org" })
	if len(got) != 2 || len(got[0].Times) != 2 || got[1].Key != "@example.org" || got[1].Ticket != 0 {
		t.Errorf("after two: %v", got)
	}
	take(noon.Add(24*time.Hour+time.Minute), 4, func(*desk.Decision) {})
	if len(got) != 2 || len(got[0].Times) != 1 || got[0].Ticket != 0 || got[1].Ticket != 3 ||
		!got[1].Since.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("a day after the first: %+v", got)
	}
	take(noon.Add(27*time.Hour), 5, func(*desk.Decision) {})
	if len(got) != 0 {
		t.Errorf("a day after all: %+v", got)
	}
}
