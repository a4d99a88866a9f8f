package mailbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"helpdesk/pkg/fault"
)

// login authenticates, unless the server has known us from the start (PREAUTH).
func (s *session) login(ctx context.Context, o Options) error {
	defer s.begin(ctx)()
	if s.client.State() == imap.ConnStateAuthenticated {
		return nil
	}
	err := s.authenticate(o)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("log in to %s as %s: %w", o.addr(), o.User, s.why(err))
	var said *tokenError
	switch {
	case errors.As(err, &said):
		return fault.Misconfigured(fmt.Errorf("%w; the access token in imap.password has expired or is for something else", err))
	case errors.Is(err, errNoLogin):
		return fault.Misconfigured(err)
	case !answered(err) || temporary(err):
		return fault.Away(fault.Refused, passing(err))
	}
	return fault.Misconfigured(fmt.Errorf("%w; check imap.user and imap.password (many providers want an app password, and IMAP "+
		"switched on in the account)", err))
}

var errNoLogin = errors.New("the server offers no way to log in that we may use")

// authenticate sends the credentials in the way the server wants them. LOGIN is what every server does best; PLAIN is
// for passwords that LOGIN has no charset for, and where LOGIN is disabled (RFC 9051, 6.2.3).
func (s *session) authenticate(o Options) error {
	caps := s.client.Caps()
	plain := caps.Has(imap.AuthCap("PLAIN"))
	switch {
	case o.Auth == "xoauth2" && !caps.Has(imap.AuthCap("XOAUTH2")):
		return fmt.Errorf("%w: no XOAUTH2; set imap.auth to password", errNoLogin)
	case o.Auth == "xoauth2":
		return s.client.Authenticate(&xoauth2{user: o.User, token: o.Password})
	case caps.Has(imap.CapLoginDisabled) && (!plain || o.TLS == "none"):
		return fmt.Errorf("%w: LOGINDISABLED; set imap.tls to implicit or starttls", errNoLogin)
	case plain && (caps.Has(imap.CapLoginDisabled) || !ascii(o.User+o.Password)):
		return s.client.Authenticate(sasl.NewPlainClient("", o.User, o.Password))
	}
	return s.client.Login(o.User, o.Password).Wait()
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 126 || r < 32 }) < 0
}

// xoauth2 is the mechanism of Google, Microsoft, Yandex and Mail.ru; go-sasl does not have it.
// https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
type xoauth2 struct{ user, token string }

func (x *xoauth2) Start() (mech string, ir []byte, err error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next is called when the token is refused: the challenge is a JSON text that says why. QUIRK: go-imap would encode the
// empty answer as "=", which servers take for bad base64 and hide the reason; so the exchange ends here.
func (x *xoauth2) Next(challenge []byte) ([]byte, error) { return nil, &tokenError{string(challenge)} }

type tokenError struct{ said string }

func (e *tokenError) Error() string { return "token refused: " + e.said }
