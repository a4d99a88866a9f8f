package store

import (
	"testing"

	"helpdesk/pkg/desk"
)

// A round does not decode unchanged entries of the outbox again: after an outage there are thousands of them.
func TestRoundsDecodeWhatChanged(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		record(t, s, arrivals(1, several)...)
		waiting := len(due(t, s, noon)) // the first round decodes all
		if waiting != several {
			t.Fatalf("%d effects are due", waiting)
		}
		all := s.entries.reads
		if all < 2*several {
			t.Fatalf("%d entries were decoded of a task and an auto-reply of each of %d letters", all, several)
		}
		for range 3 {
			due(t, s, noon)
		}
		if n := s.entries.reads - all; n > 0 {
			t.Errorf("%d entries were decoded again that had not changed", n)
		}
		first := due(t, s, noon)[0].Seq
		if err := s.Outbox.Start(noon, desk.Attempts{Seqs: []uint64{first}}); err != nil {
			t.Fatal(err)
		}
		all = s.entries.reads
		due(t, s, noon)
		if n := s.entries.reads - all; n != 1 {
			t.Errorf("%d entries were decoded after 1 had changed", n)
		}
		result := desk.Result{Seq: first, Done: true, Made: desk.Made{Task: 7}}
		if err := s.Outbox.Finish(noon, []desk.Result{result}); err != nil {
			t.Fatal(err)
		}
		if _, kept := s.entries.known[first]; kept {
			t.Error("an entry that is made is still held")
		}
	})
}
