// Package wire opens the connections to all servers: TLS rules, trust in certificates, deadlines, and errors that
// explain what failed. It speaks no protocol and knows no password.
//
// This package alone makes sure that no secret leaves this machine unencrypted.
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"helpdesk/pkg/fault"
)

// Server is a server to connect to.
type Server struct {
	Host string
	Port int
	TLS  string // implicit, starttls or none; none only for loopback addresses
	CA   []byte // PEM certificates trusted in addition to the system's
	Keys string // configuration section with host, port, tls and ca, such as imap; used in errors

	// Silence is how long the server may be silent while we wait for an answer.
	Silence time.Duration
	// Expiry gets the validity of the certificates of each connection; nil = unused.
	Expiry Expiry
	// Dial opens the connection; nil = net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// dialWait bounds the time to open a connection.
const dialWait = 30 * time.Second

// Loopback reports whether a host is this machine. It does not ask a name server.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Private reports whether a secret may be sent to u: by HTTPS, or within this machine.
func Private(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname())
}

// Addr returns the server's host:port.
func (s Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Config returns the TLS configuration, even if TLS is not used. Its error is fault.Setup.
func (s Server) Config() (*tls.Config, error) {
	switch s.TLS {
	case "implicit", "starttls":
	case "none":
		if !Loopback(s.Host) {
			return nil, fault.Misconfigured(fmt.Errorf("connect to %s: tls: none is for loopback addresses only: "+
				"letters and password "+
				"would travel in the clear; set %s.tls to implicit or starttls", s.Addr(), s.Keys))
		}
	default:
		return nil, fault.Misconfigured(fmt.Errorf("connect to %s: %s.tls is %q; it may be implicit, starttls or none",
			s.Addr(), s.Keys,
			s.TLS))
	}
	if err := sound(s.CA, s.Keys); err != nil {
		return nil, fault.Misconfigured(fmt.Errorf("connect to %s: %w", s.Addr(), err))
	}
	return clientConfig(s.Host, s.CA, s.Expiry), nil
}

// Connect opens the connection. With implicit TLS stream is the encrypted connection, otherwise it is conn itself.
// Nothing has been sent on it. The error says what to do: fault.Setup if a person must act, otherwise fault.Server.
func (s Server) Connect(ctx context.Context) (conn *Conn, stream net.Conn, err error) {
	config, err := s.Config()
	if err != nil {
		return nil, nil, err
	}
	dial := s.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	dialing, cancel := context.WithTimeout(ctx, min(dialWait, s.Silence))
	defer cancel()
	if s.TLS == "starttls" && (s.Port == 993 || s.Port == 465) && s.encrypted(dialing, dial, config) {
		return nil, nil, s.mixed()
	}
	raw, err := dial(dialing, "tcp", s.Addr())
	if err != nil {
		err = fmt.Errorf("connect to %s: %w; check %s.host and %s.port", s.Addr(), err, s.Keys, s.Keys)
		return nil, nil, fault.Because(Unreached(err), fault.Away(fault.Refused, err))
	}
	if s.TLS != "implicit" {
		first, mixed := s.greeted(ctx, raw, dial, config)
		if mixed {
			_ = raw.Close()
			return nil, nil, s.mixed()
		}
		conn = New(&begun{raw, first}, s.Silence)
		return conn, conn, nil
	}
	conn = New(raw, s.Silence)
	t := tls.Client(conn, config)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, nil, s.Explain(err)
	}
	return conn, t, nil
}

func (s Server) mixed() error {
	return fault.Because(fault.Cipher, fault.Misconfigured(fmt.Errorf("connect to %s: the server encrypts from the "+
		"first byte on; set %s.tls to implicit", s.Addr(), s.Keys)))
}

// greetWait is how long a server may be silent at first before it is tested for TLS. Servers that delay their greeting,
// because robots do not wait, take about six seconds.
const greetWait = 10 * time.Second

// greeted waits for the first byte of the server's greeting and returns it. Without one, the server may expect TLS from
// the first byte, on whatever port: mixed reports whether it does.
func (s Server) greeted(ctx context.Context, raw net.Conn, dial func(context.Context, string, string) (net.Conn, error),
	config *tls.Config) (first []byte, mixed bool) {
	_ = raw.SetReadDeadline(time.Now().Add(min(greetWait, s.Silence/4)))
	stop := context.AfterFunc(ctx, func() { _ = raw.SetReadDeadline(time.Unix(1, 0)) })
	defer func() { stop(); _ = raw.SetReadDeadline(time.Time{}) }()
	first = make([]byte, 1)
	n, err := raw.Read(first)
	return first[:n], err != nil && ctx.Err() == nil && s.encrypted(ctx, dial, config)
}

// begun is a connection whose first bytes have been read.
type begun struct {
	net.Conn
	first []byte
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}

// encrypted reports whether the server expects TLS from the first byte: without this test we would wait for its
// greeting in vain. On the ports meant for implicit TLS the test comes before the connection.
func (s Server) encrypted(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error),
	config *tls.Config) bool {
	ctx, cancel := context.WithTimeout(ctx, min(5*time.Second, s.Silence))
	defer cancel()
	raw, err := dial(ctx, "tcp", s.Addr())
	if err != nil {
		return false
	}
	defer raw.Close()
	err = tls.Client(raw, config).HandshakeContext(ctx)
	var cert *tls.CertificateVerificationError
	return err == nil || errors.As(err, &cert)
}

// Unreached returns why a connection failed: the host does not exist, or it does not answer.
func Unreached(err error) fault.Cause {
	var name *net.DNSError
	if errors.As(err, &name) && name.IsNotFound {
		return fault.Absent
	}
	return fault.Silent
}
