package pass_test

import (
	"bytes"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// scenario is a day of a helpdesk. Each of its passes may die.
func scenario(w *world) {
	w.breakTexts = func(t outbox.Texts) outbox.Texts { return failingTexts{t, false} }
	w.arrive(withFile("1@romashka.example", "Иван Петров <ivan@romashka.example>", "Printer", "It does not print.",
		"log.txt", "offline"))
	w.arrive(letter("2@stroymir.example", "Анна <anna@stroymir.example>", "Password", "I forgot it."))
	w.arrive(letter("3@vostok.example", "oof@vostok.example", "Out of office", "Back soon.",
		"Auto-Submitted: auto-replied"))
	bad := w.arrive(withFile("9@poison.example", "poison@poison.example", "Bad", "of death", "scan.txt", "black"))
	w.pass(w.poll)
	w.clock.Advance(time.Minute)
	w.arrive(letter("4@romashka.example", "Иван Петров <ivan@romashka.example>", "Re: Printer", "It blinks, too.",
		"In-Reply-To: <1@romashka.example>"))
	w.pass(w.poll)
	w.clock.Advance(time.Minute)
	task := w.portal.Tasks()[0].ID
	w.portal.Say(task, specialist, "Please [B]restart[/B] it.", sandbox.File{
		Name:    "how.txt",
		Content: []byte("1. off 2. on"),
	})
	w.portal.Say(task, specialist, "// he should buy a new one")
	w.clock.Advance(time.Minute)
	w.pass(w.notify)
	w.clock.Advance(time.Minute)
	w.arrive(letter("5@romashka.example", "Иван Петров <ivan@romashka.example>", "Re: Printer", "It works!",
		"In-Reply-To: <"+w.lastID()+">"))
	w.pass(w.poll)
	w.clock.Advance(time.Minute)
	w.portal.Say(task, specialist, "Glad to hear that.")
	w.clock.Advance(time.Minute)
	w.pass(w.notify)
	w.settle()
	w.breakTexts = nil
	w.check(w.imap.Remove("INBOX", bad)) // only the quarantine has it now
	w.readmit()
	w.pass(w.poll)
	w.settle()
}

// pass runs a pass, as a part of a scenario. If it dies, pass runs further ones until nothing is left to do.
func (w *world) pass(fn func() (*pass.Report, string)) {
	w.t.Helper()
	w.begin()
	if _, at := fn(); at != "" {
		w.steps = nil
		w.nothingLost()
		w.quiet()
	}
}

// settle runs passes until nothing is left to do, as a part of a scenario.
func (w *world) settle() {
	w.t.Helper()
	w.begin()
	w.quiet()
}

func (w *world) begin() {
	if w.part != nil {
		w.part()
	}
}

// nothingLost checks that every marked message has arrived in the portal.
func (w *world) nothingLost() {
	w.t.Helper()
	text, _ := w.shape()
	for _, m := range w.imap.Messages("INBOX") {
		parsed, err := eml.Parse(bytes.NewReader(m.Raw), desk.Listing{})
		w.check(err)
		if m.Seen && !strings.Contains(text, strings.TrimSpace(parsed.Plain)) {
			w.t.Errorf("message %d is marked, and nothing in the portal is made of it", m.UID)
		}
	}
}

var (
	dyingAlone = flag.Bool("dying.alone", false, "scenarios die once, and not once in each of their parts")
	dyingEvery = flag.Int("dying.every", 11,
		"TestDyingAtEveryStepOnPostgres, and with -short TestDyingAtEveryStep, run each so-many-th scenario; 1 = all")
)

func TestDyingAtEveryStep(t *testing.T) {
	t.Parallel()
	every := 1
	if testing.Short() {
		every = *dyingEvery
	}
	dying(t, every, newWorld)
}

// The same with the state in a database. Each world uses a schema of its own.
func TestDyingAtEveryStepOnPostgres(t *testing.T) {
	p := database(t)
	var worlds atomic.Int64
	dying(t, *dyingEvery, func(t testing.TB, o sandbox.PortalOptions) *world {
		w := newWorld(t, o)
		w.state = fmt.Sprintf("%s&search_path=w%d", p.Address("postgres", "", "postgres"), worlds.Add(1))
		return w
	})
}

// dying runs the scenario repeatedly, dies at its steps, and compares the final state with that of an undisturbed run.
func dying(t *testing.T, every int, newWorld func(testing.TB, sandbox.PortalOptions) *world) {
	contacts := []sandbox.Contact{{
		ID:         275,
		Name:       "Анна",
		SecondName: "Сергеевна",
		Emails:     []string{"anna@stroymir.example"},
	}}
	for name, o := range map[string]sandbox.PortalOptions{
		"old card": {Contacts: contacts},
		"new card": {NewCard: true, Contacts: contacts},
	} {
		t.Run(name, func(t *testing.T) {
			calm := newWorld(t, o)
			d := undisturbed(calm, scenario)
			want, auto := calm.shape()
			if n := strings.Count(want, "task "); n != 5 || len(auto) != 3 {
				t.Fatalf("the undisturbed world has %d tasks and %d auto-replies, not 5 and 3:\n%s", n, len(auto), want)
			}
			if !strings.Contains(want, "\n file scan.txt \"black") {
				t.Fatalf("the file of the message that was in the quarantine is lost:\n%s", want)
			}
			if n := calm.twice(); n != 0 {
				t.Fatalf("%d letters were sent twice with nothing in the way", n)
			}
			if n := len(slices.Concat(d.parts...)); n < 40 {
				t.Fatalf("%d steps are too few to be all: %v", n, d.parts)
			}
			d.run(t, every, func(t *testing.T) *world {
				return newWorld(t, o)
			}, func(t *testing.T, w *world, sending bool) {
				got, gotAuto := w.shape()
				if got != want {
					t.Errorf("the world is another one: %s", cmp.Diff(want, got))
				}
				if !replied(auto, gotAuto, sending) {
					t.Errorf("auto-replies: %s", cmp.Diff(auto, gotAuto))
				}
			})
		})
	}
}

// twice returns the number of letters sent again under the same Message-ID.
func (w *world) twice() (n int) {
	seen := map[string]bool{}
	for _, l := range w.smtp.Letters() {
		m, err := eml.Parse(bytes.NewReader(l.Raw), desk.Listing{})
		w.check(err)
		if seen[m.ID] {
			n++
		}
		seen[m.ID] = true
	}
	return n
}

// sending reports whether step i is between the recording of attempts to send letters and the recording of their
// results. Only there it is unknown whether an auto-reply was sent.
func sending(names []string, i int) bool {
	auto := func(i int) bool { return i >= 0 && i < len(names) && strings.HasPrefix(names[i], "send auto-reply") }
	return auto(i) || names[i] == "note attempts, after" && auto(i+1) ||
		names[i] == "record results, before" && auto(i-1)
}

// replied reports whether no auto-reply was sent twice, and none is missing unless it is unknown whether it was sent.
func replied(want, got []string, unknown bool) bool {
	if !unknown {
		return cmp.Equal(want, got)
	}
	left := map[string]int{}
	for _, l := range want {
		left[l]++
	}
	for _, l := range got {
		if left[l]--; left[l] < 0 {
			return false
		}
	}
	return true
}
