package relay

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

// dial connects, encrypts and logs in.
func dial(ctx context.Context, o Options) (*session, error) {
	s := &session{o: o, since: time.Now()}
	err := s.greet(ctx)
	if err == nil {
		defer s.begin(ctx)()
		if o.TLS == "starttls" {
			err = s.startTLS()
		}
	}
	if err == nil {
		err = s.login()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (o Options) server() wire.Server {
	return wire.Server{
		Host:    o.Host,
		Port:    o.Port,
		TLS:     o.TLS,
		CA:      o.CA,
		Keys:    "smtp",
		Silence: o.Timeout,
		Expiry:  o.Expiry,
		Dial:    o.Dial,
	}
}

// greet connects, with TLS if it is implicit, and exchanges greetings.
func (s *session) greet(ctx context.Context) error {
	conn, stream, err := s.o.server().Connect(ctx)
	if err != nil {
		return err
	}
	s.conn = conn
	defer s.begin(ctx)()
	// TLS and AUTH are ours because go-mail's errors don't distinguish a wrong password from a lost connection.
	if s.client, err = smtp.NewClient(stream, s.o.Host); err != nil {
		return s.unwelcome(err)
	}
	if err := s.client.Hello(s.o.HELO); err != nil {
		return s.unwelcome(err)
	}
	return s.extended()
}

// extended returns an error if a server that supports EHLO has refused it.
//
// QUIRK: when EHLO is refused for any reason, go-mail sends HELO, and a server that was only busy then seems to offer
// no login. So a server without extensions gets a second EHLO.
func (s *session) extended() error {
	for _, e := range []string{"AUTH", "STARTTLS", "8BITMIME", "SIZE", "PIPELINING", "ENHANCEDSTATUSCODES", "HELP",
		"SMTPUTF8"} {
		if ok, _ := s.client.Extension(e); ok {
			return nil
		}
	}
	err := s.client.Text.PrintfLine("EHLO %s", s.o.HELO)
	if err == nil {
		_, _, err = s.client.Text.ReadResponse(250)
	}
	var reply *textproto.Error
	switch {
	case err == nil: // this EHLO succeeded, but go-mail does not see its answer
		return fault.Away(fault.Refused, fmt.Errorf("greet %s: the server refused EHLO a moment ago", s.o.addr()))
	case errors.As(err, &reply) && reply.Code >= 500:
		return nil // the server does not support extensions
	}
	return s.unwelcome(err)
}

// unwelcome converts a missing or refusing greeting to an error. A permanent refusal is about this machine or its name.
func (s *session) unwelcome(err error) error {
	err = fmt.Errorf("greet %s: %w", s.o.addr(), s.why(err))
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code < 500 || about(reply.Msg) == limit || wire.Busy(reply.Msg) {
		return fault.Away(fault.Refused, err)
	}
	return fault.Misconfigured(fmt.Errorf("%w; the server does not take letters from this machine, or not under the "+
		"name %s: set smtp.helo to "+
		"a name that its address has, or ask who runs the server", err, s.o.HELO))
}

// startTLS encrypts a connection that began in the clear.
func (s *session) startTLS() error {
	config, err := s.o.server().Config()
	if err != nil {
		return err
	}
	if ok, _ := s.client.Extension("STARTTLS"); !ok {
		return fault.Misconfigured(fmt.Errorf("encrypt %s: the server offers no STARTTLS; set smtp.tls to implicit, "+
			"port 465",
			s.o.addr()))
	}
	err = s.client.StartTLS(config)
	var reply *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &reply):
		return s.unwelcome(err)
	}
	return s.o.server().Explain(s.why(err))
}
