package pass_test

import (
	"bytes"
	"errors"
	"fmt"
	"helpdesk/pkg/store"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// copying returns a world in which answers also go to those in copy, and in which one letter with the given Cc has
// arrived.
func copying(t *testing.T, o sandbox.PortalOptions, cc string) *world {
	w := newWorld(t, o)
	w.policy.Copy = map[string]bool{"support": true}
	w.bring(letter("1@romashka.example", ivan, "Printer", "It does not print.", cc))
	return w
}

// answer makes the specialist answer in the first task and runs passes until the answer is sent.
func (w *world) answer(text string) {
	w.t.Helper()
	w.clock.Advance(time.Minute)
	w.portal.Say(w.portal.Tasks()[0].ID, specialist, text)
	w.clock.Advance(time.Minute)
	w.quiet()
}

// had returns which recipient got which answer, sorted. A repetition under the same Message-ID counts once.
func (w *world) had() (all []string) {
	w.t.Helper()
	seen, ids := map[string]bool{}, map[string]string{}
	for _, l := range w.smtp.Letters() {
		m, err := eml.Parse(bytes.NewReader(l.Raw), desk.Listing{})
		w.check(err)
		if id := ids[body(m.Plain)]; id != "" && id != m.ID && !m.Header.Has("Auto-Submitted") {
			w.t.Errorf("one answer has two Message-IDs: %s", m.Plain)
		}
		ids[body(m.Plain)] = m.ID
		for _, to := range l.To {
			line := fmt.Sprintf("%s: %s", to, strings.TrimSpace(body(m.Plain)))
			if m.Header.Has("Auto-Submitted") {
				line = to + ": automatic"
			}
			if !seen[to+m.ID] {
				all = append(all, line)
			}
			seen[to+m.ID] = true
		}
	}
	sort.Strings(all)
	return all
}

// body returns the specialist's words in a letter: the text between the greeting and the closing.
func body(text string) string {
	_, text, _ = strings.Cut(text, "\n\n")
	text, _, _ = strings.Cut(text, "\n\n")
	return text
}

func (w *world) wantHad(what string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.had()); diff != "" {
		w.t.Errorf("%s: %s", what, diff)
	}
}

// An answer goes to everybody in one letter. The auto-reply and the letter about the closing go only to the requester.
// The task names the people added in copy.
func TestAnswersInCopy(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := copying(t, o, "Cc: Olga <olga@partner.example>, support@helpdesk.example, petr@staff.example, "+
				"OLGA@partner.example")
			w.policy.Closed = true
			if text := w.portal.Tasks()[0].Description; !strings.Contains(text,
				"в копии письма: olga@partner.example.") {
				t.Errorf("the task says %s", text)
			}
			w.answer("Restart it.")
			if all := w.mailed(); len(all) != 1 || fmt.Sprint(all[0].Cc) != "[olga@partner.example]" ||
				fmt.Sprint(all[0].To) != "[ivan@romashka.example]" {
				t.Fatalf("%d letters", len(all))
			}
			w.bring(letter("2@partner.example", "olga@partner.example", "Re: Printer", "Not yet.",
				"In-Reply-To: <"+w.lastID()+">", "Cc: petr@third.example"))
			if said := w.said(w.portal.Tasks()[0]); len(said) != 1 || !strings.Contains(said[0], "petr@third.example") {
				t.Errorf("the task says %q", said)
			}
			w.answer("And now?")
			w.portal.CloseTask(w.portal.Tasks()[0].ID, specialist)
			w.clock.Advance(time.Minute)
			w.quiet()
			w.wantHad("all", "ivan@romashka.example: And now?", "ivan@romashka.example: Restart it.",
				"ivan@romashka.example: automatic", "ivan@romashka.example: automatic",
				"olga@partner.example: And now?", "olga@partner.example: Restart it.", "petr@third.example: And now?")
			if n := w.twice(); n != 0 {
				t.Errorf("%d letters went twice", n)
			}
		})
	}
}

var unknown = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}

// If the relay refuses one person in copy, the others still get the answer, and the task says so once. The address gets
// no further copies until its owner writes. The customer's address is not marked.
func TestACopyThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := copying(t, o, "Cc: gone@partner.example, olga@partner.example")
			w.unwelcome("gone@", unknown)
			w.answer("First.")
			w.answer("Second.")
			said := w.said(w.portal.Tasks()[0])
			if len(said) != 1 || !strings.Contains(said[0], "Копия ответа не доставлена: gone@partner.example: ") {
				t.Errorf("the task says %q", said)
			}
			if got := w.ticket(); got.Undeliver != "" || got.Answered.IsZero() {
				t.Errorf("the ticket: %q, answered %v", got.Undeliver, got.Answered)
			}
			w.smtp.Inject(nil)
			w.bring(letter("2@partner.example", "gone@partner.example", "Re: Printer", "I am here.",
				"In-Reply-To: <"+w.lastID()+">"))
			w.answer("Third.")
			w.wantHad("all", "gone@partner.example: Third.", "ivan@romashka.example: First.",
				"ivan@romashka.example: Second.", "ivan@romashka.example: Third.", "ivan@romashka.example: automatic",
				"olga@partner.example: First.", "olga@partner.example: Second.", "olga@partner.example: Third.")
			if n := w.twice(); n != 0 {
				t.Errorf("%d letters went twice", n)
			}
		})
	}
}

// A delayed copy delays neither the other recipients nor the next answer. If the delay is long, the task says so, and
// also when it is over.
func TestACopyThatWaits(t *testing.T) {
	t.Parallel()
	w := copying(t, sandbox.PortalOptions{NewCard: true}, "Cc: busy@partner.example, olga@partner.example")
	w.unwelcome("busy@", &smtp.SMTPError{Code: 450, Message: "greylisted"})
	say := func(text string) {
		w.portal.Say(w.portal.Tasks()[0].ID, specialist, text)
		w.minutes(2, w.notify)
	}
	say("First.")
	say("Second.")
	others := []string{"ivan@romashka.example: First.", "ivan@romashka.example: Second.",
		"ivan@romashka.example: automatic", "olga@partner.example: First.", "olga@partner.example: Second."}
	w.wantHad("while it waits", others...)
	w.minutes(20, w.notify)
	w.smtp.Inject(nil)
	w.minutes(60, w.notify)
	w.wantHad("in the end", append([]string{"busy@partner.example: First.", "busy@partner.example: Second."},
		others...)...)
	var told []string
	for _, text := range w.said(w.portal.Tasks()[0]) {
		told = append(told, strings.SplitN(text, "\n", 2)[0])
	}
	if len(told) != 4 || !strings.Contains(told[0]+told[1], "пока не ушла") ||
		!strings.Contains(told[2]+told[3], "Задержавшаяся копия ответа отправлена на адрес busy@partner.example") {
		t.Errorf("the task says %q", told)
	}
}

// If the relay refuses the requester, those in copy still get the answer, and the task says who did not get it.
func TestTheRequesterIsRefused(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := copying(t, o, "Cc: olga@partner.example, petr@third.example")
			w.unwelcome("ivan@", unknown)
			w.answer("First.")
			w.wantHad("all", "ivan@romashka.example: automatic", "olga@partner.example: First.",
				"petr@third.example: First.")
			said := w.said(w.portal.Tasks()[0])
			if len(said) != 1 || !strings.Contains(said[0], "не принял наше письмо") || w.ticket().Undeliver == "" {
				t.Errorf("the task says %q", said)
			}
		})
	}
}

// If the relay drops the connection because of somebody in copy, the others still get the answer.
func TestARelayThatLeavesOverACopy(t *testing.T) {
	t.Parallel()
	w := copying(t, sandbox.PortalOptions{NewCard: true}, "Cc: gone@partner.example, olga@partner.example")
	w.unwelcome("gone@", &smtp.SMTPError{Code: 421, Message: "too many errors"})
	w.portal.Say(w.portal.Tasks()[0].ID, specialist, "First.")
	w.minutes(20, w.notify)
	w.wantHad("all", "ivan@romashka.example: First.", "ivan@romashka.example: automatic",
		"olga@partner.example: First.")
}

// A bounce of a copy marks its address. It does not report that the customer's letter failed.
func TestBounceOfACopy(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := copying(t, o, "Cc: gone@partner.example")
			w.answer("First.")
			l := w.lastLetter()
			l.To = l.To[1:]
			w.bring(w.returned("dsn@mx.example", l, "5.1.1"))
			said := w.said(w.portal.Tasks()[0])
			if len(said) != 1 || !strings.Contains(said[0], "копия нашего письма не доставлена") ||
				!strings.Contains(said[0], "gone@partner.example: 5.1.1") || strings.Contains(said[0], "с клиентом") {
				t.Errorf("the task says %q", said)
			}
			if got := w.ticket().Undeliver; got != "" {
				t.Errorf("the ticket: %q", got)
			}
			w.answer("Second.")
			w.wantHad("all", "gone@partner.example: First.", "ivan@romashka.example: First.",
				"ivan@romashka.example: Second.", "ivan@romashka.example: automatic")
			if said := w.said(w.portal.Tasks()[0]); len(said) != 1 {
				t.Errorf("the task says %q", said)
			}
		})
	}
}

// TestDyingWithCopies stops passes at every step of two answers in copy. The relay accepts one recipient late and
// another one never. The final state must equal that of an undisturbed run.
func TestDyingWithCopies(t *testing.T) {
	t.Parallel()
	scenario := func(w *world) {
		w.policy.Copy = map[string]bool{"support": true}
		late := 2
		w.smtp.Inject(func(stage, arg string) error {
			switch {
			case stage != "rcpt":
			case strings.Contains(arg, "gone@"):
				return unknown
			case strings.Contains(arg, "busy@") && late > 0:
				late--
				return &smtp.SMTPError{Code: 450, Message: "greylisted"}
			}
			return nil
		})
		w.arrive(letter("1@romashka.example", ivan, "Printer", "It does not print.",
			"Cc: gone@partner.example, busy@partner.example, olga@partner.example"))
		w.pass(w.poll)
		for _, text := range []string{"First.", "Second."} {
			w.clock.Advance(time.Minute)
			w.portal.Say(w.portal.Tasks()[0].ID, specialist, text)
			w.clock.Advance(time.Minute)
			w.pass(w.notify)
		}
		w.settle()
	}
	shape := func(w *world) string {
		w.t.Helper()
		world, _ := w.shape()
		portal, _, _ := strings.Cut(world, "letter to ")
		return portal + strings.Join(w.had(), "\n")
	}
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			calm := newWorld(t, o)
			d := undisturbed(calm, scenario)
			want := shape(calm)
			if strings.Count(want, "\nbusy@") != 2 || strings.Count(want, "\nolga@") != 2 ||
				strings.Contains(want, "\ngone@") || strings.Count(want, "Копия ответа не доставлена") != 1 {
				t.Fatalf("the undisturbed world: %s", want)
			}
			if n := calm.twice(); n != 1 { // the one that busy@ accepted late
				t.Fatalf("%d letters went again with nothing in the way", n)
			}
			d.run(t, 1, func(t *testing.T) *world {
				return newWorld(t, o)
			}, func(t *testing.T, w *world, sending bool) {
				got, want := shape(w), want
				if sending { // an auto-reply is not sent again if the first attempt may have succeeded
					got = strings.ReplaceAll(got, "\nivan@romashka.example: automatic", "")
					want = strings.ReplaceAll(want, "\nivan@romashka.example: automatic", "")
				}
				if got != want {
					t.Errorf("the world is another one: %s", cmp.Diff(want, got))
				}
			})
		})
	}
}

// ticket returns the first ticket.
func (w *world) ticket() desk.Ticket {
	w.t.Helper()
	_, s := w.open(store.Options{})
	t, err := s.Tickets.Ticket(1)
	w.check(errors.Join(err, s.Close()))
	return t
}
