package pass_test

import (
	"slices"
	"testing"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store"
)

// After a person's data was removed, they count as a new customer, even if they reply to one of our letters, and that
// reply gets no auto-reply. A repetition of an old letter is recognized, and comments on the old task are sent to
// nobody.
func TestAfterAPersonIsErased(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, o)
			task := w.opened()
			w.portal.Say(task, specialist, "Please restart it.")
			w.minutes(3, w.notify)
			_, s := w.open(store.Options{})
			trail, err := s.Persons.Erase(w.clock.Now(), "ivan@romashka.example")
			w.check(err)
			w.check(s.Close())
			if len(trail.Records) == 0 || len(trail.Tasks) != 1 || trail.Tasks[0].Task != task {
				t.Fatalf("%+v", trail)
			}
			if found := w.verified(); len(found) != 0 {
				t.Errorf("verify finds %q", found)
			}
			sent := len(w.answers())
			w.portal.Say(task, specialist, "Has it helped?")
			w.minutes(3, w.notify)
			if got := w.answers(); len(got) != sent {
				t.Errorf("said on the old task: %q", got)
			}
			w.want("before", 1, 1)
			w.bring(letter("1@romashka.example", "Ivan <ivan@romashka.example>", "Printer", "It does not print."))
			w.want("the same letter", 1, 1)
			mailed := w.mailed()
			w.bring(letter("2@romashka.example", "Ivan <ivan@romashka.example>", "Re: Printer", "It has not.",
				"In-Reply-To: <"+mailed[0].ID+">"))
			w.want("a late answer to a letter of ours", 2, 1)
			w.bring(letter("3@romashka.example", "Ivan <ivan@romashka.example>", "Re: Printer", "It has not.",
				"In-Reply-To: <1@romashka.example>"))
			w.want("a late answer to a letter of his own", 3, 2)
			w.bring(letter("4@romashka.example", "Ivan <ivan@romashka.example>", "Scanner", "It does not scan."))
			w.want("another letter", 4, 3)
			_, s = w.open(store.Options{})
			defer s.Close()
			var all []desk.Ticket
			w.check(s.Tickets.Each(func(t desk.Ticket) error { all = append(all, t); return nil }))
			if i := slices.IndexFunc(all, func(t desk.Ticket) bool {
				return t.Task == task
			}); i < 0 || all[i].Requester.Addr != "" {
				t.Errorf("the old ticket: %+v", all)
			}
		})
	}
}
