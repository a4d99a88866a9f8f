package mailbox

import (
	"cmp"
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
	if err := s.inTurn(ctx, o); err != nil {
		s.drop()
		return nil, err
	}
	return s, nil
}

// inTurn logs in, waiting first until fewer logins are in progress than o.Logins allows.
func (s *session) inTurn(ctx context.Context, o Options) error {
	if o.Logins != nil {
		select {
		case o.Logins <- struct{}{}:
			defer func() { <-o.Logins }()
		case <-ctx.Done():
			return fault.Away(fault.Refused, ctx.Err())
		}
	}
	return s.login(ctx, o)
}

func (o Options) server() wire.Server {
	return wire.Server{
		Host:    o.Host,
		Port:    o.Port,
		TLS:     o.TLS,
		CA:      o.CA,
		Keys:    "imap",
		Silence: o.Idle,
		Expiry:  o.Expiry,
		Dial:    o.Dial,
	}
}

// greet connects, encrypts, and reads the server's greeting.
func greet(ctx context.Context, o Options) (*session, error) {
	conn, stream, err := o.server().Connect(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, idle: o.Idle, where: o.addr()}
	defer s.begin(ctx)()
	s.guard = &guard{Conn: stream, fail: conn.Fail, most: cmp.Or(o.answer, maxAnswer)}
	if o.TLS == "starttls" {
		t, err := s.startTLS(ctx, o)
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		s.guard.Conn, s.guard.out = t, []byte("* OK encrypted\r\n") // RFC 9051, 6.2.1: no second greeting comes
	}
	s.client = imapclient.New(s.guard, nil)
	if err := s.client.WaitGreeting(); err != nil {
		err = fmt.Errorf("read the greeting of %s: %w", o.addr(), s.why(err))
		s.drop()
		return nil, fault.Away(fault.Refused, err)
	}
	return s, nil
}
