package relay

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/wneessen/go-mail/smtp"

	"helpdesk/pkg/bearer"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

var errNoLogin = errors.New("the server offers no way to log in that we may use")

func (s *session) login() error {
	auth, err := s.auth()
	if err == nil && auth != nil {
		err = s.client.Auth(auth)
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("log in to %s as %s: %w", s.o.addr(), s.o.User, s.why(err))
	var reply *textproto.Error
	switch {
	case errors.Is(err, errNoLogin):
		return fault.Misconfigured(err)
	case !errors.As(err, &reply) || reply.Code < 500:
		return fault.Away(fault.Refused, err)
	case wire.Busy(reply.Msg):
		return fault.Away(fault.Refused, fmt.Errorf("%w; %s", err, wire.BusyAdvice))
	case s.o.Auth == "oauth2": // the owner of the token adds the advice
		return fault.Because(fault.Token, fault.Misconfigured(refused(err, auth)))
	case s.o.Auth == "xoauth2":
		err = refused(err, auth)
		return fault.Because(fault.Token,
			fault.Misconfigured(fmt.Errorf("%w; the access token in smtp.password has expired or is for "+
				"something else", err)))
	}
	return fault.Because(fault.Login, fault.Misconfigured(fmt.Errorf("%w; check smtp.user and smtp.password (many "+
		"providers want an app "+
		"password)", err)))
}

// refused marks err as a refusal of the token, with the server's reason if it gave one.
func refused(err error, auth smtp.Auth) error {
	if t, ok := auth.(*token); ok && t.said != nil {
		return fmt.Errorf("%w: %w", t.said, err)
	}
	return fmt.Errorf("%w: %w", bearer.ErrRefused, err)
}

// auth picks the mechanism; nil = none.
func (s *session) auth() (smtp.Auth, error) {
	if s.o.Auth == "none" {
		return nil, nil
	}
	_, param := s.client.Extension("AUTH")
	offered := func(mech string) bool {
		for _, m := range strings.Fields(param) {
			if strings.EqualFold(m, mech) {
				return true
			}
		}
		return false
	}
	clear := s.o.TLS == "none" // the server is on a loopback address
	mechanism, takesTokens := bearer.Choose(offered)
	byToken := s.o.Auth == "xoauth2" || s.o.Auth == "oauth2"
	switch {
	case byToken && takesTokens:
		return &token{
			mechanism: mechanism,
			initial:   bearer.Initial(mechanism, s.o.User, s.o.Host, s.o.Port, s.o.Password),
		}, nil
	case s.o.Auth == "password" && offered("PLAIN"):
		return smtp.PlainAuth("", s.o.User, s.o.Password, s.o.Host, clear), nil
	case s.o.Auth == "password" && offered("LOGIN"):
		return smtp.LoginAuth(s.o.User, s.o.Password, s.o.Host, clear), nil
	}
	return nil, fmt.Errorf("%w: smtp.auth is %s, it offers %q", errNoLogin, s.o.Auth, param)
}

// token logs in by an access token. go-mail's own mechanism drops the server's reason for a refusal.
type token struct {
	mechanism string
	initial   []byte
	said      error // the server's reason for a refusal
}

// Start implements smtp.Auth.
func (t *token) Start(*smtp.ServerInfo) (mechanism string, initial []byte, err error) {
	return t.mechanism, t.initial, nil
}

// Next implements smtp.Auth. A challenge contains the reason of a refusal; the server's answer follows it.
func (t *token) Next(challenge []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	t.said = bearer.Refused(challenge)
	return bearer.Dismissal(t.mechanism), nil
}
