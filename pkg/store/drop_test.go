package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
)

// commented records another letter for the only ticket.
func commented(t testing.TB, s *Store, uid uint32) {
	t.Helper()
	e := arrival(uid, "a@example.org")
	one, err := s.Tickets.Ticket(1)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Ledger.Record(noon, []desk.Entry{e}, 0, func(int, desk.Facts) (desk.Decision, error) {
		return desk.Decision{Verdict: desk.Commented, Key: e.Questions.Key, Ticket: &one, Effects: []desk.Effect{
			{
				Kind: desk.CommentTask,
				Key:  desk.DeriveKey("comment", e.Questions.Key),
				Post: &desk.Post{Form: desk.FormRepeat},
			}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDroppingATaskDropsWhatWaitsForIt(t *testing.T) {
	onBoth(t, testDroppingATaskDropsWhatWaitsForIt)
}

func testDroppingATaskDropsWhatWaitsForIt(t *testing.T, fresh func(testing.TB) *Store) {
	for name, named := range map[string][]uint64{
		"its opening":                 {1},
		"and its letter":              {1, 2},
		"the letter first, one twice": {2, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := fresh(t)
			record(t, s, arrival(1, "a@example.org"))
			commented(t, s, 2)
			record(t, s, arrival(3, "b@example.org"))
			n, behind, err := s.Outbox.Drop(noon, named...)
			if want := 3 - len(named[:min(len(named), 2)]); err != nil || n != 3 || behind != want {
				t.Errorf("dropped %d, of them %d behind the task, want 3 and %d, %v", n, behind, want, err)
			}
			if left, err := s.Outbox.Queue(); err != nil || len(left) != 2 || left[0].Effect.Ticket != 2 {
				t.Errorf("left are %+v, %v", left, err)
			}
			if one, err := s.Tickets.Ticket(1); err != nil || one.Status != desk.Gone || one.Task != 0 {
				t.Errorf("the ticket has a task to come: %+v, %v", one, err)
			}
			if got := stand(t, s, arrival(2, "a@example.org").Place); !got.Ready {
				t.Errorf("a message that nothing is due of: %+v", got)
			}
		})
	}
}

func TestDroppingIsNotedInTheJournal(t *testing.T) { onBoth(t, testDroppingIsNotedInTheJournal) }

func testDroppingIsNotedInTheJournal(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	record(t, s, arrival(1, "a@example.org"))
	if _, _, err := s.Outbox.Drop(noon, 1); err != nil {
		t.Fatal(err)
	}
	steps, err := s.Tickets.Journal(1)
	var got []string
	for _, step := range steps {
		got = append(got, step.What+": "+step.Note)
	}
	want := []string{"message: task", "not open: dropped by hand", "not letter: dropped by hand: its task was dropped"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
}

func TestDroppingALetterDropsItAlone(t *testing.T) { onBoth(t, testDroppingALetterDropsItAlone) }

func testDroppingALetterDropsItAlone(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	record(t, s, arrival(1, "a@example.org"))
	commented(t, s, 2)
	if n, behind, err := s.Outbox.Drop(noon, 2); err != nil || n != 1 || behind != 0 {
		t.Errorf("dropped %d, %d, %v", n, behind, err)
	}
	if one, err := s.Tickets.Ticket(1); err != nil || one.Status != desk.Open {
		t.Errorf("%+v, %v", one, err)
	}
	if _, _, err := s.Outbox.Drop(noon, 1, 99); err == nil {
		t.Error("one that is not there")
	}
	if left, err := s.Outbox.Queue(); err != nil || len(left) != 2 {
		t.Errorf("all or nothing: %+v, %v", left, err)
	}
}
