package mailbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"helpdesk/pkg/bearer"
	"helpdesk/pkg/fault"
)

// login authenticates, unless the connection starts authenticated (PREAUTH).
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
	switch {
	case errors.Is(err, errNoLogin):
		return fault.Misconfigured(err)
	case !errors.Is(err, bearer.ErrRefused) && (!answered(err) || temporary(err)):
		return fault.Away(fault.Refused, passing(err))
	case o.Auth == "oauth2": // the owner of the token adds the advice
		return fault.Because(fault.Token, fault.Misconfigured(refused(err)))
	case o.Auth == "xoauth2":
		return fault.Because(fault.Token,
			fault.Misconfigured(fmt.Errorf("%w; the access token in imap.password has expired or is for "+
				"something else", refused(err))))
	}
	return fault.Because(fault.Login, fault.Misconfigured(fmt.Errorf("%w; check imap.user and imap.password (many "+
		"providers want an app "+
		"password, and IMAP switched on in the account)", err)))
}

// refused marks err as a refusal of the token, for servers that refuse without a reason.
func refused(err error) error {
	if errors.Is(err, bearer.ErrRefused) {
		return err
	}
	return fmt.Errorf("%w: %w", bearer.ErrRefused, err)
}

var errNoLogin = errors.New("the server offers no way to log in that we may use")

// authenticate sends the credentials by a mechanism of the server. It prefers LOGIN, the one that servers implement
// best. It uses PLAIN for passwords that are not ASCII and if LOGIN is disabled (RFC 9051, 6.2.3).
func (s *session) authenticate(o Options) error {
	caps := s.client.Caps()
	plain := caps.Has(imap.AuthCap("PLAIN"))
	mechanism, takesTokens := bearer.Choose(func(m string) bool { return caps.Has(imap.AuthCap(m)) })
	switch {
	case o.byToken() && !takesTokens:
		return fmt.Errorf("%w: neither XOAUTH2 nor OAUTHBEARER; set imap.auth to password", errNoLogin)
	case o.byToken():
		return s.client.Authenticate(&token{mechanism, bearer.Initial(mechanism, o.User, o.Host, o.Port, o.Password)})
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

func (o Options) byToken() bool { return o.Auth == "xoauth2" || o.Auth == "oauth2" }

// token logs in by an access token. go-sasl implements only one of the two mechanisms.
type token struct {
	mechanism string
	initial   []byte
}

func (t *token) Start() (mech string, ir []byte, err error) { return t.mechanism, t.initial, nil }

// Next is called when the token is refused; the challenge is a JSON text with the reason. QUIRK: go-imap would encode
// the empty answer as "=", which servers reject as bad base64, hiding the reason. Next therefore ends the exchange with
// an error.
func (t *token) Next(challenge []byte) ([]byte, error) { return nil, bearer.Refused(challenge) }
