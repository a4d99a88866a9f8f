package mailbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"helpdesk/pkg/fault"
)

const dialWait = 30 * time.Second

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

// greet connects, encrypts, and reads the server's greeting.
func greet(ctx context.Context, o Options) (*session, error) {
	config, err := o.tlsConfig()
	if err != nil {
		return nil, fault.Misconfigured(err)
	}
	dialing, cancel := context.WithTimeout(ctx, min(dialWait, o.Idle))
	defer cancel()
	raw, err := o.Dial(dialing, "tcp", o.addr())
	if err != nil {
		return nil, fault.Away(fault.Refused, fmt.Errorf("connect to %s: %w; check imap.host and imap.port", o.addr(), err))
	}
	s := &session{conn: &conn{Conn: raw, idle: o.Idle}, where: o.addr()}
	defer s.begin(ctx)()
	if err := s.encrypt(ctx, o, config); err != nil {
		_ = raw.Close()
		return nil, err
	}
	if err := s.client.WaitGreeting(); err != nil {
		err = fmt.Errorf("read the greeting of %s: %w", o.addr(), s.why(err))
		s.drop()
		return nil, fault.Away(fault.Refused, err)
	}
	return s, nil
}

// encrypt makes the client, on TLS as the options say; a begin must be open.
func (s *session) encrypt(ctx context.Context, o Options, config *tls.Config) error {
	switch o.TLS {
	case "none":
		s.client = imapclient.New(s.conn, nil)
	case "implicit":
		t := tls.Client(s.conn, config)
		if err := t.HandshakeContext(ctx); err != nil {
			return tlsFault(o, err)
		}
		s.client = imapclient.New(t, nil)
	case "starttls":
		client, err := imapclient.NewStartTLS(s.conn, &imapclient.Options{TLSConfig: config})
		if err != nil {
			return s.startTLSFault(o, err)
		}
		s.client = client
	}
	return nil
}

func (o Options) tlsConfig() (*tls.Config, error) {
	switch o.TLS {
	case "implicit", "starttls":
	case "none":
		if !loopback(o.Host) {
			return nil, fmt.Errorf("connect to %s: tls: none is for loopback addresses only: the password would travel in "+
				"the clear; set imap.tls to implicit or starttls", o.addr())
		}
	default:
		return nil, fmt.Errorf("connect to %s: imap.tls is %q; it may be implicit, starttls or none", o.addr(), o.TLS)
	}
	config := &tls.Config{ServerName: o.Host, MinVersion: tls.VersionTLS12}
	if len(o.CA) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(o.CA) {
			return nil, fmt.Errorf("connect to %s: imap.ca holds no certificate in PEM form", o.addr())
		}
		config.RootCAs = pool
	}
	return config, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// tlsFault says what is wrong with the encryption, and for a certificate whose it is and who signed it.
func tlsFault(o Options, err error) error {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &cert) && len(cert.UnverifiedCertificates) > 0:
		c := cert.UnverifiedCertificates[0]
		return fault.Misconfigured(fmt.Errorf("trust %s: %w (it is for %s, signed by %q, valid until %s); correct imap.host, "+
			"or put the signer's certificate into imap.ca", o.addr(), err, strings.Join(append(c.DNSNames, c.Subject.CommonName), ", "),
			c.Issuer.String(), c.NotAfter.Format(time.DateOnly)))
	case errors.As(err, &record):
		return fault.Misconfigured(fmt.Errorf("encrypt %s: %w; nothing speaks TLS there: check imap.port, or set imap.tls to "+
			"starttls", o.addr(), err))
	}
	return fault.Away(fault.Refused, fmt.Errorf("encrypt %s: %w", o.addr(), err))
}

func (s *session) startTLSFault(o Options, err error) error {
	if answered(err) {
		return fault.Misconfigured(fmt.Errorf("encrypt %s: STARTTLS: %w; set imap.tls to implicit, port 993", o.addr(), err))
	}
	return tlsFault(o, s.why(err))
}
