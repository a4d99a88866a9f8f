package store

import (
	"maps"
	"slices"
	"testing"

	"helpdesk/pkg/desk"
)

// A task that was found is read again. A task whose creation has just been confirmed is not: nobody can have written
// there unnoticed.
func TestOnlyFoundTasksAreReadAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		record(t, s, arrival(1, "a@example.org"), arrival(2, "b@example.org"), arrival(3, "c@example.org"))
		var waiting []desk.Pending
		for _, p := range due(t, s, noon) {
			if p.Effect.Kind == desk.OpenTask {
				waiting = append(waiting, p)
			}
		}
		if len(waiting) != 3 {
			t.Fatal(waiting)
		}
		made := []desk.Made{{Task: 3701, Seen: true}, {Task: 3702, Seen: true, Found: true}, {Task: 3703}}
		var results []desk.Result
		for i, d := range waiting {
			results = append(results, desk.Result{Seq: d.Seq, Done: true, Made: made[i]})
		}
		if err := s.Outbox.Finish(noon, results); err != nil {
			t.Fatal(err)
		}
		read, err := s.Tickets.Reading()
		if got := slices.Sorted(maps.Keys(read.Unread)); err != nil || !slices.Equal(got, []int64{3702}) {
			t.Errorf("to be read again: %v, %v", got, err)
		}
	})
}
