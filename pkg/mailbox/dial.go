package mailbox

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2/imapclient"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

// dial connects and logs in.
func dial(ctx context.Context, o Options) (*session, error) {
	s, err := greet(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := s.login(ctx, o); err != nil {
		s.drop()
		return nil, err
	}
	return s, nil
}

func (o Options) server() wire.Server {
	return wire.Server{Host: o.Host, Port: o.Port, TLS: o.TLS, CA: o.CA, Keys: "imap", Silence: o.Idle, Dial: o.Dial}
}

// greet connects, encrypts, and reads the server's greeting.
func greet(ctx context.Context, o Options) (*session, error) {
	conn, stream, err := o.server().Connect(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, idle: o.Idle, where: o.addr()}
	defer s.begin(ctx)()
	if o.TLS != "starttls" {
		s.client = imapclient.New(stream, nil)
	} else if err := s.startTLS(o); err != nil {
		_ = conn.Close()
		return nil, err
	}
	if err := s.client.WaitGreeting(); err != nil {
		err = fmt.Errorf("read the greeting of %s: %w", o.addr(), s.why(err))
		s.drop()
		return nil, fault.Away(fault.Refused, err)
	}
	return s, nil
}

// startTLS makes the client of a connection that begins in the clear; a begin must be open.
func (s *session) startTLS(o Options) error {
	config, err := o.server().Config()
	if err != nil {
		return err
	}
	s.client, err = imapclient.NewStartTLS(s.conn, &imapclient.Options{TLSConfig: config})
	switch {
	case err == nil:
		return nil
	case answered(err):
		return fault.Misconfigured(fmt.Errorf("encrypt %s: STARTTLS: %w; set imap.tls to implicit, port 993", o.addr(), err))
	}
	return o.server().Explain(s.why(err))
}
