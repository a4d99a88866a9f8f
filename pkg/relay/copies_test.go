package relay

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

func copiedTo(to string, cc ...string) desk.Letter {
	l := letterTo(to)
	for _, a := range cc {
		l.Cc = append(l.Cc, desk.Address{Addr: a})
	}
	return l
}

// Recipients in copy are in Cc and get the letter. Those that the server refuses are returned, and the others get the
// letter once. If the first recipient is refused, nobody gets it.
func TestLettersInCopy(t *testing.T) {
	onServers(t, func(t *testing.T, s *testServer) {
		r := open(t, options(s.addr))
		for name, c := range map[string]struct {
			letter desk.Letter
			took   string // recipients of the one letter; "" = none
			absent string
			err    fault.Outcome
		}{
			"both": {copiedTo("ivan@example.org", "olga@example.org"), "ivan@example.org olga@example.org", "", 0},
			"one refused for good": {
				copiedTo("ivan@example.org", "never@example.org", "olga@example.org"),
				"ivan@example.org olga@example.org", "never@example.org", 0,
			},
			"one refused for now": {
				copiedTo("ivan@example.org", "later@example.org"),
				"ivan@example.org",
				"later@example.org",
				0,
			},
			"all refused": {
				copiedTo("ivan@example.org", "never@example.org", "later@example.org"), "ivan@example.org",
				"never@example.org later@example.org", 0,
			},
			"no address": {
				copiedTo("ivan@example.org", "nobody", "olga@example.org"), "ivan@example.org olga@example.org",
				"nobody", 0,
			},
			"the recipient refused for good": {copiedTo("never@example.org", "olga@example.org"), "", "", fault.Never},
			"the recipient refused for now": {
				copiedTo("later@example.org", "olga@example.org"),
				"",
				"",
				fault.Refused,
			},
			"the server leaves": {copiedTo("ivan@example.org", "closing@example.org"), "", "", fault.Refused},
		} {
			sent, err := r.Send(t.Context(), c.letter)
			if (err != nil) != (c.took == "") || err != nil && fault.Of(err) != c.err {
				t.Errorf("%s: %v", name, err)
			}
			var took []string
			want := 0
			if c.took != "" {
				want = 1
				if s.memory == nil { // one delivery per recipient
					want = len(strings.Fields(c.took))
				}
			}
			for _, l := range s.letters(t, want) {
				took = append(took, slices.DeleteFunc(l.to, func(a string) bool {
					return strings.HasPrefix(a, "never@") || strings.HasPrefix(a, "later@")
				})...)
			}
			var absent []string
			for _, a := range sent.Absent {
				absent = append(absent, a.Addr)
			}
			slices.Sort(took)
			if got := strings.Join(took, " "); got != c.took || strings.Join(absent, " ") != c.absent {
				t.Errorf("%s: %q have it and %q have not", name, got, absent)
			}
		}
		l := copiedTo("ivan@example.org", "olga@example.org", "petr@почта.рф")
		l.Only = l.Cc[0]
		sent, err := r.Send(t.Context(), l)
		if err != nil || !strings.Contains(string(sent.Raw),
			"\r\nCc: <olga@example.org>, <petr@xn--80a1acny.xn--p1ai>\r\n") ||
			!strings.Contains(string(sent.Raw), "\r\nTo: <ivan@example.org>\r\n") {
			t.Errorf("%v\n%s", err, sent.Raw)
		}
		if got := fmt.Sprint(s.letters(t, 1)[0].to); got != "[olga@example.org]" {
			t.Errorf("a letter for one in copy went to %s", got)
		}
	})
}

// A refusal of us is not mistaken for a refusal of somebody in copy, because the recipient comes first.
func TestRefusingUsWithOthersInCopy(t *testing.T) {
	s := memoryServer(t)
	r := open(t, options(s.addr))
	s.memory.fail = func(stage string) error {
		if stage == "rcpt" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Relaying denied"}
		}
		return nil
	}
	_, err := r.Send(t.Context(), copiedTo("ivan@example.org", "olga@example.org"))
	if fault.ExtentOf(err) != fault.Setup {
		t.Errorf("%v", err)
	}
}
