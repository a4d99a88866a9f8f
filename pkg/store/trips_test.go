package store

import (
	"fmt"
	"testing"
	"time"

	"helpdesk/pkg/desk"
)

// mostTrips is the maximum number of requests to a server for the letters of one chunk, whether they are new or replies
// in known threads.
const mostTrips = 15

func TestFiftyLettersTakeFewRoundTrips(t *testing.T) {
	for _, c := range []struct {
		name   string
		before int // earlier letters of the same people
	}{{"new", 0}, {"repeated", several}} {
		t.Run(c.name, func(t *testing.T) {
			address := database(t)
			s := open(t, address, Options{})
			if c.before > 0 {
				record(t, s, arrivals(1, c.before)...)
				made(t, s, noon)
				made(t, s, noon)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, address, Options{})
			entries := arrivals(c.before+1, several)
			var qs []desk.Questions
			var ls []desk.Listing
			for i := range entries {
				if c.before > 0 {
					entries[i].Questions.IDs = []string{fmt.Sprintf("m%d@example.org", i+1)}
				}
				qs, ls = append(qs, entries[i].Questions), append(ls, entries[i].Listing)
			}
			if _, err := s.Ledger.Progress(ls); err != nil {
				t.Fatal(err)
			}
			known, err := s.Ledger.Ask(qs)
			if err != nil || len(known[0].Tickets) != min(c.before, 1) {
				t.Fatalf("%d tickets are known, %v", len(known[0].Tickets), err)
			}
			record(t, s, entries...)
			made(t, s, noon.Add(time.Minute))
			made(t, s, noon.Add(time.Minute))
			if left := due(t, s, noon.Add(time.Hour)); len(left) > 0 {
				t.Errorf("%d effects are left", len(left))
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if n := s.db.About().Trips; n > mostTrips {
				t.Errorf("the server was asked %d times", n)
			} else {
				t.Logf("the server was asked %d times", n)
			}
		})
	}
}
