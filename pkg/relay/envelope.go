package relay

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/glyph"
)

// envelope is the sender and the recipients in SMTP, in <>.
type envelope struct {
	from, to string
	cc       []string       // recipients in copy, as for SMTP …
	copied   []desk.Address // … and as in the letter
	own      string         // our address, which the server should accept as a recipient
	utf8     bool           // an address needs SMTPUTF8 (RFC 6531)
	usual    bool           // the sender is the letter's From address
}

// newEnvelope returns the letter's envelope, and the recipients in copy without a valid address.
func newEnvelope(l desk.Letter) (e envelope, absent []desk.Address, err error) {
	one, cc := l.To, l.Cc
	if l.Only.Addr != "" {
		one, cc = l.Only, nil
	}
	to, err := address(one)
	if err != nil {
		return envelope{}, nil, fault.New(fault.Never, fmt.Errorf("address letter: to: %w", err))
	}
	from, err := sentAs(l)
	if err != nil {
		return envelope{}, nil, fault.New(fault.Never, fmt.Errorf("address letter: from: %w", err))
	}
	e = envelope{from: "<>", to: angle(to), own: from}
	for _, c := range cc {
		if a, err := address(c); err != nil || !ascii(a.Address) {
			absent = append(absent, c)
		} else {
			e.cc, e.copied = append(e.cc, angle(a)), append(e.copied, c)
		}
	}
	if l.EnvelopeFrom == "<>" {
		e.utf8 = !ascii(e.to)
		return e, absent, nil
	}
	e.from = from
	e.utf8 = !ascii(e.from + e.to)
	e.usual = l.EnvelopeFrom == ""
	return e, absent, nil
}

// sentAs returns the envelope sender of a letter, also for a letter that is sent with <>.
func sentAs(l desk.Letter) (string, error) {
	from := l.From
	if l.EnvelopeFrom != "" && l.EnvelopeFrom != "<>" {
		from = desk.Address{Addr: l.EnvelopeFrom}
	}
	a, err := address(from)
	if err != nil {
		return "", err
	}
	return angle(a), nil
}

func angle(a *netmail.Address) string { return (&netmail.Address{Address: a.Address}).String() }

var errAddress = errors.New("not an address one can write to")

// maxName bounds the display name, in characters.
const maxName = 100

// address returns a in a form that is allowed in a header: one address, its domain in ASCII (RFC 5891), its name
// without control characters.
func address(a desk.Address) (*netmail.Address, error) {
	at := strings.LastIndexByte(a.Addr, '@')
	if at <= 0 || at+1 == len(a.Addr) {
		return nil, fmt.Errorf("%q: %w", a.Addr, errAddress)
	}
	addr := a.Addr[:at] + "@" + desk.FoldDomain(a.Addr[at+1:])
	quoted := (&netmail.Address{Address: addr}).String()
	parsed, err := netmail.ParseAddress(quoted)
	if err != nil || parsed.Address != addr || !ascii(addr[at+1:]) ||
		strings.ContainsAny(addr[:at], "\r\n\x00<>,;:@\"\\") {
		return nil, fmt.Errorf("%q: %w", a.Addr, errAddress)
	}
	return &netmail.Address{Name: glyph.Cut(glyph.Line(a.Name), maxName), Address: addr}, nil
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 126 || r < 32 }) < 0
}
