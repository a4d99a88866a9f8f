package pass_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/pass"
	"helpdesk/pkg/store"
)

// each checks that every text was sent under exactly one Message-ID.
func (w *world) each(texts ...string) {
	w.t.Helper()
	answers := strings.Join(w.answers(), "\n")
	for _, text := range texts {
		if n := strings.Count(answers, text); n != 1 {
			w.t.Errorf("%q went out under %d Message-IDs:\n%s", text, n, answers)
		}
	}
}

// forgotten makes a task from Anna's letter and dies before recording its id.
func (w *world) forgotten() int64 {
	w.t.Helper()
	w.arrive(letter("2@stroymir.example", "Anna <anna@stroymir.example>", "Password", "I forgot it."))
	w.steps = func(name string) {
		if name == "make open, after" {
			w.steps, w.dead = nil, name
			panic(died{name})
		}
	}
	if _, at := w.poll(); at == "" {
		w.t.Fatal("it did not die")
	}
	return w.portal.Tasks()[1].ID
}

// passedOver makes a specialist answer in a task that the state does not know, and then in one that it knows. The
// recorded position in the portal is then after both answers.
func (w *world) passedOver(unknown, known int64, notify func()) {
	w.portal.Say(unknown, specialist, "Answer to Anna.")
	w.clock.Advance(5 * time.Minute)
	w.portal.Say(known, specialist, "Answer to Ivan.")
	w.clock.Advance(5 * time.Minute)
	notify()
}

// An answer in a task that the state did not know is sent when the task is found, however long ago the portal's changes
// of that time were read.
func TestAnswersOnATaskThatIsFoundAgain(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name+", after a death", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			known := w.opened()
			w.quiet()
			w.passedOver(w.forgotten(), known, func() { w.notify() })
			w.quiet()
			w.each("Answer to Anna.", "Answer to Ivan.")
		})
		t.Run(name+", closed meanwhile", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			w.policy.Closed = true
			known := w.opened()
			w.quiet()
			unknown := w.forgotten()
			w.portal.CloseTask(unknown, specialist)
			w.passedOver(unknown, known, func() { w.notify() })
			w.quiet()
			w.each("Answer to Anna.", "Answer to Ivan.")
			if n := w.lettersTo("anna@stroymir.example"); n != 3 {
				t.Errorf("%d letters, want an auto-reply, an answer and one of the closing", n)
			}
		})
		t.Run(name+", after a backup was put back", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			w.opening = func(o *store.Options) { o.Now = w.clock.Now }
			w.wired = func(p *pass.Pass, s *store.Store) { p.Lost, w.policy.Apart = s.Lost(), s.Doubted() }
			known := w.opened()
			w.quiet()
			unknown := w.forgotten()
			backup := w.state + ".backup"
			_, s := w.open(store.Options{})
			w.check(errors.Join(s.Backup(backup), s.Close()))
			w.portal.Say(unknown, specialist, "First answer.")
			w.quiet()
			w.portal.Say(unknown, specialist, "Second answer.")
			w.arrive(letter("3@vostok.example", "Oleg <oleg@vostok.example>", "Screen", "It is black."))
			w.quiet()
			later := w.portal.Tasks()[2].ID
			w.portal.Say(later, specialist, "Third answer.")
			w.quiet()
			w.each("First answer.", "Second answer.", "Third answer.")
			w.check(os.Rename(backup, w.state))
			w.portal.Say(later, specialist, "Answer to Oleg.")
			w.passedOver(unknown, known, func() { w.notify() })
			w.quiet()
			w.each("First answer.", "Second answer.", "Third answer.", "Answer to Anna.", "Answer to Ivan.",
				"Answer to Oleg.")
			if n := len(w.portal.Tasks()); n != 3 {
				t.Errorf("%d tasks", n)
			}
			if n := w.lettersTo("oleg@vostok.example"); n > 4 { // an auto-reply and two answers, one of them sent again
				t.Errorf("%d letters", n)
			}
		})
	}
}

// The same with a standby that does not know the task, when passes can read the portal before they can read the mailbox
// again.
func TestAnswersOnATaskThatAStandbyDoesNotKnow(t *testing.T) {
	p := database(t)
	server, address := simulatedServer(t, p), p.Address("sim", "", "postgres")
	for i, name := range []string{"old card", "new card"} {
		for _, early := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, answered before: %t", name, early), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(1, 1))
				m := simulate(t, rnd, cards[name], server, address, fmt.Sprintf("found%d%t", i, early))
				m.skews = [2]time.Duration{}
				poll, notify := func() { m.pass(poll) }, func() { m.pass((*pass.Pass).Announce) }
				minutes := func(n int) {
					for range n {
						m.clock.Advance(time.Minute)
						poll()
						notify()
					}
				}
				m.arrive(letter("1@romashka.example", "Ivan <ivan@romashka.example>", "Printer", "It does not print."))
				minutes(2)
				m.receive()
				m.arrive(letter("2@stroymir.example", "Anna <anna@stroymir.example>", "Password", "I forgot it."))
				minutes(2)
				tasks := m.portal.Tasks()
				if len(tasks) != 2 {
					t.Fatalf("%d tasks", len(tasks))
				}
				if early {
					m.portal.Say(tasks[1].ID, specialist, "Earlier answer.")
					minutes(2)
					m.each("Earlier answer.")
				}
				m.takeOver()
				m.passedOver(tasks[1].ID, tasks[0].ID, notify)
				minutes(5)
				if n := len(m.portal.Tasks()); n != 2 {
					t.Errorf("%d tasks", n)
				}
				m.each("Answer to Anna.", "Answer to Ivan.")
				if early {
					m.each("Earlier answer.")
				}
			})
		}
	}
}
