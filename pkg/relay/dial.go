package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"helpdesk/pkg/fault"
)

const dialWait = 30 * time.Second

// dial connects, encrypts and logs in.
func dial(ctx context.Context, o Options) (*session, error) {
	config, err := o.tlsConfig()
	if err != nil {
		return nil, fault.Misconfigured(err)
	}
	s := &session{o: o, since: time.Now()}
	if err := s.greet(ctx, config); err != nil {
		s.close()
		return nil, err
	}
	defer s.begin(ctx)()
	if o.TLS == "starttls" {
		if err := s.startTLS(config); err != nil {
			s.close()
			return nil, err
		}
	}
	if err := s.login(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// greet connects, by TLS where it is implicit, and exchanges greetings.
func (s *session) greet(ctx context.Context, config *tls.Config) error {
	var dialed error
	stop := func() bool { return true }
	open := func(dialing context.Context, network, addr string) (net.Conn, error) {
		raw, err := s.o.Dial(dialing, network, addr)
		if err != nil {
			dialed = fault.Away(fault.Refused, fmt.Errorf("connect to %s: %w; check smtp.host and smtp.port", addr, err))
			return nil, dialed
		}
		c := &conn{Conn: raw, wait: s.o.Timeout}
		s.conn = c
		stop = context.AfterFunc(ctx, func() { c.keep(context.Cause(ctx)) })
		if s.o.TLS != "implicit" {
			return s.conn, nil
		}
		t := tls.Client(s.conn, config)
		if err := t.HandshakeContext(dialing); err != nil {
			dialed = tlsFault(s.o, err)
			return nil, dialed
		}
		return t, nil
	}
	// TLS and AUTH are done here and not by go-mail, whose errors don't tell a wrong password from a lost connection.
	c, err := mail.NewClient(s.o.Host, mail.WithPort(s.o.Port), mail.WithTimeout(min(dialWait, s.o.Timeout)), mail.WithTLSPolicy(mail.NoTLS),
		mail.WithSMTPAuth(mail.SMTPAuthNoAuth), mail.WithHELO(s.o.HELO), mail.WithDialContextFunc(open))
	if err != nil {
		return fault.Misconfigured(fmt.Errorf("connect to %s: %w", s.o.addr(), err))
	}
	s.client, err = c.DialToSMTPClientWithContext(ctx)
	stop()
	if dialed != nil {
		return dialed
	}
	if err != nil {
		return fault.Away(fault.Refused, fmt.Errorf("greet %s: %w", s.o.addr(), s.why(err)))
	}
	return nil
}

func (o Options) tlsConfig() (*tls.Config, error) {
	switch o.TLS {
	case "implicit", "starttls":
	case "none":
		if !loopback(o.Host) {
			return nil, fmt.Errorf("connect to %s: tls: none is for loopback addresses only: letters and password would travel in "+
				"the clear; set smtp.tls to implicit or starttls", o.addr())
		}
	default:
		return nil, fmt.Errorf("connect to %s: smtp.tls is %q; it may be implicit, starttls or none", o.addr(), o.TLS)
	}
	config := &tls.Config{ServerName: o.Host, MinVersion: tls.VersionTLS12}
	if len(o.CA) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(o.CA) {
			return nil, fmt.Errorf("connect to %s: smtp.ca holds no certificate in PEM form", o.addr())
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
		return fault.Misconfigured(fmt.Errorf("trust %s: %w (it is for %s, signed by %q, valid until %s); correct smtp.host, "+
			"or put the signer's certificate into smtp.ca", o.addr(), err, strings.Join(append(c.DNSNames, c.Subject.CommonName), ", "),
			c.Issuer.String(), c.NotAfter.Format(time.DateOnly)))
	case errors.As(err, &record):
		return fault.Misconfigured(fmt.Errorf("encrypt %s: %w; nothing speaks TLS there: check smtp.port, or set smtp.tls to "+
			"starttls", o.addr(), err))
	}
	return fault.Away(fault.Refused, fmt.Errorf("encrypt %s: %w", o.addr(), err))
}

// startTLS encrypts a connection that began in the clear.
func (s *session) startTLS(config *tls.Config) error {
	if ok, _ := s.client.Extension("STARTTLS"); !ok {
		return fault.Misconfigured(fmt.Errorf("encrypt %s: the server offers no STARTTLS; set smtp.tls to implicit, port 465",
			s.o.addr()))
	}
	if err := s.client.StartTLS(config); err != nil {
		return tlsFault(s.o, s.why(err))
	}
	return nil
}
