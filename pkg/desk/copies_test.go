package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func copyPolicy(t testing.TB) *Policy {
	p := testPolicy(t)
	p.Copy = map[string]bool{"support": true}
	return p
}

// copiedBy returns the people that a decision adds in copy, and the post's note about it.
func copiedBy(d Decision) (copied []string, note string) {
	for _, e := range d.Effects {
		if e.Post == nil {
			continue
		}
		for _, n := range e.Post.Notes {
			if n.Key == NoteCopied || n.Key == NoteCrowd {
				note += string(n.Key) + " " + n.Detail
			}
		}
	}
	if d.Ticket != nil {
		copied = d.Ticket.Copied
	}
	return copied, note
}

// Answers go in copy to people from outside, each once, if the sender of the letter is not in doubt.
func TestWhoGetsAnswersInCopy(t *testing.T) {
	const olga, petr = "Cc: Olga <Olga@Partner.example>", "Cc: petr@other.example"
	verdict := func(dmarc string) string { return "Authentication-Results: mx.example.ru; dmarc=" + dmarc }
	toFirst := "In-Reply-To: <first@example.org>"
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"in Cc":                    {[]string{olga, petr}, "olga@partner.example petr@other.example"},
		"once":                     {[]string{olga, olga, "Cc: OLGA@partner.example"}, "olga@partner.example"},
		"the requester":            {[]string{"Cc: ivan@example.org"}, ""},
		"where answers go":         {[]string{"Reply-To: form@example.net", "Cc: form@example.net"}, ""},
		"we":                       {[]string{"Cc: support@example.ru", "Cc: support+x@example.ru"}, ""},
		"a specialist's tag":       {[]string{"Cc: anna+later@partner.example"}, ""},
		"a specialist":             {[]string{"Cc: olga@firma.example", "Cc: anna@partner.example"}, ""},
		"excluded from auto-reply": {[]string{"Cc: cashier@bank.example"}, ""},
		"excluded from letters":    {[]string{"Cc: mute@quiet.example"}, ""},
		"excluded by hand":         {[]string{"Cc: boss@excluded.example"}, ""},
		"a mail system":            {[]string{"Cc: mailer-daemon@other.example"}, ""},
		"a robot":                  {[]string{"Cc: noreply@other.example"}, ""},
		"no address":               {[]string{"Cc: petr", "Cc: petr@", "Cc: p etr@other.example"}, ""},
		"two lines":                {[]string{"Cc: petr\r\nBcc: x@other.example"}, ""},
		"a forged letter":          {[]string{petr, verdict("fail")}, ""},
		"a proved one":             {[]string{petr, verdict("pass")}, "petr@other.example"},
		"a blind copy":             {[]string{"To: somebody@other.example", petr}, ""},
		"a mailing list":           {[]string{petr, "List-Id: <x.example>"}, ""},
		"an automatic letter":      {[]string{petr, "Auto-Submitted: auto-generated"}, ""},
		"spam":                     {[]string{petr, "X-Spam-Flag: YES"}, ""},
		"a robot's letter":         {[]string{"From: no-reply@example.org", petr}, ""},

		"a later letter":         {[]string{toFirst, petr}, "olga@partner.example petr@other.example"},
		"a later letter, again":  {[]string{toFirst, olga}, "olga@partner.example"},
		"a later letter, forged": {[]string{toFirst, petr, verdict("fail")}, "olga@partner.example"},
		"a participant's": {
			[]string{toFirst, "From: olga@partner.example", petr},
			"olga@partner.example petr@other.example",
		},
		"a colleague's": {
			[]string{"In-Reply-To: <" + ownID1 + ">", "From: boris@example.org", petr},
			"olga@partner.example",
		},
		"by the subject": {[]string{"Subject: printer", petr}, "olga@partner.example"},
		"by the subject, proved": {
			[]string{"Subject: printer", petr, verdict("pass")},
			"olga@partner.example petr@other.example",
		},
		"out of office in a thread": {[]string{toFirst, petr, "Auto-Submitted: auto-replied"}, "olga@partner.example"},
	} {
		p := copyPolicy(t)
		p.Spam = "quiet"
		f := facts()
		f.Excluded = []Exclusion{{Match: "@excluded.example", Scope: ScopeAutoReply}}
		later := strings.HasPrefix(c.lines[0], "In-Reply-To") || strings.HasPrefix(c.lines[0], "Subject: printer")
		if later {
			f = known()
			ticket := f.Tickets[5]
			ticket.Copied, ticket.Participants = []string{"olga@partner.example"}, []string{"olga@partner.example"}
			f.Tickets[5] = ticket
		}
		d := compile(t, p).Decide(letter(c.lines...), f)
		copied, note := copiedBy(d)
		if got := strings.Join(copied, " "); got != c.want {
			t.Errorf("%s: %q, want %q (%v)", name, got, c.want, hits(d))
		}
		added := slices.DeleteFunc(copied, func(a string) bool { return later && a == "olga@partner.example" })
		want := ""
		if len(added) > 0 {
			want = "copied " + strings.Join(added, ", ")
		}
		if note != want {
			t.Errorf("%s: the task says %q, want %q", name, note, want)
		}
		p.Copy = nil
		if copied, note := copiedBy(compile(t, p).Decide(letter(c.lines...), facts())); len(copied) > 0 || note != "" {
			t.Errorf("%s: with copy: none %v, %q", name, copied, note)
		}
	}
}

// A letter to a crowd adds nobody in copy, and the task says so.
func TestNoCopiesToACrowd(t *testing.T) {
	var lines []string
	for i := range copiedMost + 1 {
		lines = append(lines, fmt.Sprintf("Cc: p%d@other.example", i))
	}
	r := compile(t, copyPolicy(t))
	if copied, note := copiedBy(r.Decide(letter(lines...), facts())); len(copied) > 0 || note != "crowd 50" {
		t.Errorf("%v, %q", copied, note)
	}
	if copied, _ := copiedBy(r.Decide(letter(lines[1:]...), facts())); len(copied) != copiedMost {
		t.Errorf("%d of %d", len(copied), copiedMost)
	}
}

// Answers go in copy to the added people who may still get them when an answer is sent. A letter about a closing goes
// to the requester only.
func TestAnswersInCopy(t *testing.T) {
	p := copyPolicy(t)
	p.Closed, p.Staff = true, append(p.Staff, "new@partner.example")
	r := compile(t, p)
	f := announceFacts()
	f.Ticket.Copied = []string{"olga@partner.example", "gone@partner.example", "out@excluded.example",
		"new@partner.example", "ivan@example.org"}
	f.Returned = []string{"gone@partner.example"}
	f.Excluded = []Exclusion{{Match: "@excluded.example", Scope: ScopeLetters}}
	c := change(said(101, "Готово"))
	c.State.Status, c.State.ClosedAt = Done, testNow
	d := r.Announce(c, f)
	var got []string
	for _, e := range d.Effects {
		if e.Letter != nil {
			got = append(got, fmt.Sprint(e.Letter.Kind, e.Letter.Cc))
		}
	}
	if want := []string{"comment[olga@partner.example]", "closed[]"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if fmt.Sprint(d.Cc) != "[olga@partner.example]" {
		t.Errorf("the dry run says %v", d.Cc)
	}
	p.Copy = nil
	if d := compile(t, p).Announce(c, f); len(d.Effects[0].Letter.Cc) > 0 || len(d.Cc) > 0 {
		t.Errorf("with copy: none %v", d.Effects[0].Letter.Cc)
	}
}

// A letter that one of us wrote adds nobody, whatever stands in its To and Cc: a forwarded one neither, whether it
// counts as the customer's or not.
func TestOurOwnLettersAddNobody(t *testing.T) {
	const petr = "Cc: petr@other.example"
	customer := []Address{{Addr: "ivan@example.org"}}
	for name, c := range map[string]struct {
		lines     []string
		forwarded []Address
		to        string // the requester
	}{
		"to a colleague's tag":         {[]string{"Cc: anna+later@partner.example"}, customer, "ivan@example.org"},
		"forwarded to us alone":        {[]string{"Cc: olga@firma.example"}, customer, "ivan@example.org"},
		"to somebody outside, too":     {[]string{petr}, customer, ""},
		"to the customer, too":         {[]string{"Cc: ivan@example.org", petr}, customer, ""},
		"of a writer who is uncertain": {[]string{}, []Address{{Addr: "a@x.example"}, {Addr: "b@y.example"}}, ""},
		"a request of our own":         {[]string{petr}, nil, ""},
		"an answer of our own":         {[]string{petr, "In-Reply-To: <first@example.org>"}, nil, ""},
	} {
		for _, on := range []bool{true, false} {
			p := copyPolicy(t)
			p.StaffForward = on
			m := letter(append([]string{"From: Anna <anna@firma.example>"}, c.lines...)...)
			m.Forward, m.Forwarded = len(c.forwarded) > 0, c.forwarded
			f := facts()
			if strings.Contains(strings.Join(c.lines, "\n"), "In-Reply-To") {
				f = known()
			}
			d := compile(t, p).Decide(m, f)
			if copied, note := copiedBy(d); len(copied) > 0 || note != "" {
				t.Errorf("%s, staff_forward %v: adds %v, %q (%v)", name, on, copied, note, hits(d))
			}
			if on && c.to != "" && d.Ticket == nil {
				t.Errorf("%s: no ticket (%v)", name, hits(d))
			} else if c.to != "" && on && d.Ticket.Requester.Key() != c.to {
				t.Errorf("%s: the requester is %s", name, d.Ticket.Requester.Key())
			}
		}
	}
}
