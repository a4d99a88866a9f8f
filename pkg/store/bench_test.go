package store

import (
	"fmt"
	"testing"
	"time"

	"helpdesk/pkg/desk"
)

// arrivals returns n messages from n people, with UIDs from first on.
func arrivals(first, n int) []desk.Entry {
	all := make([]desk.Entry, n)
	for i := range all {
		uid := first + i
		e := arrival(uint32(uid), fmt.Sprintf("c%d@firm%d.example", uid, uid%1000))
		e.Questions.Key, e.ID = desk.DeriveKey("message", fmt.Sprint(uid)), fmt.Sprintf("m%d@example.org", uid)
		all[i] = e
	}
	return all
}

const several = 50 // messages or effects per transaction

// BenchmarkRecord measures recording fifty new messages, including disk writes.
func BenchmarkRecord(b *testing.B) {
	b.ReportAllocs()
	s := fresh(b)
	for n := 1; b.Loop(); n += several {
		record(b, s, arrivals(n, several)...)
	}
}

// BenchmarkOutbox measures the outbox with the tasks and auto-replies of fifty messages, in two rounds. Making them is
// not included.
func BenchmarkOutbox(b *testing.B) {
	b.ReportAllocs()
	s := fresh(b)
	for n := 1; b.Loop(); n += several {
		b.StopTimer()
		record(b, s, arrivals(n, several)...)
		b.StartTimer()
		for range 2 {
			made(b, s, noon.Add(time.Minute))
		}
	}
	if left := due(b, s, noon.Add(time.Hour)); len(left) > 0 {
		b.Errorf("%d effects are left", len(left))
	}
}

// made takes a round of effects from the outbox and finishes it.
func made(b testing.TB, s *Store, now time.Time) {
	b.Helper()
	var a desk.Attempts
	all := due(b, s, now)
	results := make([]desk.Result, len(all))
	for i, d := range all {
		a.Seqs = append(a.Seqs, d.Seq)
		results[i] = desk.Result{Seq: d.Seq, Done: true, Made: desk.Made{Task: int64(d.Effect.Ticket)}}
		if d.Effect.Kind == desk.SendLetter {
			results[i] = desk.Result{Seq: d.Seq, Done: true, ID: fmt.Sprintf("r%d@example.org", d.Seq)}
		}
	}
	if err := s.Outbox.Start(now, a); err != nil {
		b.Fatal(err)
	}
	if err := s.Outbox.Finish(now, results); err != nil {
		b.Fatal(err)
	}
}
