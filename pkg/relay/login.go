package relay

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/wneessen/go-mail/smtp"

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
	case s.o.Auth == "xoauth2":
		return fault.Misconfigured(fmt.Errorf("%w; the access token in smtp.password has expired or is for something else", err))
	}
	return fault.Misconfigured(fmt.Errorf("%w; check smtp.user and smtp.password (many providers want an app password)", err))
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
	clear := s.o.TLS == "none" // a loopback address, see tlsConfig
	switch {
	case s.o.Auth == "xoauth2" && offered("XOAUTH2"):
		return smtp.XOAuth2Auth(s.o.User, s.o.Password), nil
	case s.o.Auth == "password" && offered("PLAIN"):
		return smtp.PlainAuth("", s.o.User, s.o.Password, s.o.Host, clear), nil
	case s.o.Auth == "password" && offered("LOGIN"):
		return smtp.LoginAuth(s.o.User, s.o.Password, s.o.Host, clear), nil
	}
	return nil, fmt.Errorf("%w: smtp.auth is %s, it offers %q", errNoLogin, s.o.Auth, param)
}
