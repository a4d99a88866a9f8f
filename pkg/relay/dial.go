package relay

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/wneessen/go-mail"

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
	return wire.Server{Host: o.Host, Port: o.Port, TLS: o.TLS, CA: o.CA, Keys: "smtp", Silence: o.Timeout, Dial: o.Dial}
}

// greet connects, by TLS where it is implicit, and exchanges greetings.
func (s *session) greet(ctx context.Context) error {
	conn, stream, err := s.o.server().Connect(ctx)
	if err != nil {
		return err
	}
	s.conn = conn
	defer s.begin(ctx)()
	given := func(context.Context, string, string) (net.Conn, error) { return stream, nil }
	// TLS and AUTH are done here and not by go-mail, whose errors don't tell a wrong password from a lost connection.
	c, err := mail.NewClient(s.o.Host, mail.WithPort(s.o.Port), mail.WithTLSPolicy(mail.NoTLS),
		mail.WithSMTPAuth(mail.SMTPAuthNoAuth), mail.WithHELO(s.o.HELO), mail.WithDialContextFunc(given))
	if err != nil {
		return fault.Misconfigured(fmt.Errorf("connect to %s: %w", s.o.addr(), err))
	}
	s.client, err = c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fault.Away(fault.Refused, fmt.Errorf("greet %s: %w", s.o.addr(), s.why(err)))
	}
	return nil
}

// startTLS encrypts a connection that began in the clear.
func (s *session) startTLS() error {
	config, err := s.o.server().Config()
	if err != nil {
		return err
	}
	if ok, _ := s.client.Extension("STARTTLS"); !ok {
		return fault.Misconfigured(fmt.Errorf("encrypt %s: the server offers no STARTTLS; set smtp.tls to implicit, port 465",
			s.o.addr()))
	}
	if err := s.client.StartTLS(config); err != nil {
		return s.o.server().Explain(s.why(err))
	}
	return nil
}
