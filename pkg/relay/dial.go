package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

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
	open := func(ctx context.Context, network, addr string) (net.Conn, error) {
		raw, err := s.o.Dial(ctx, network, addr)
		if err != nil {
			dialed = fault.Away(fault.Refused, fmt.Errorf("connect to %s: %w; check smtp.host and smtp.port", addr, err))
			return nil, dialed
		}
		s.conn = &conn{Conn: raw, wait: s.o.Timeout}
		if s.o.TLS != "implicit" {
			return s.conn, nil
		}
		t := tls.Client(s.conn, config)
		if err := t.HandshakeContext(ctx); err != nil {
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
	stop := context.AfterFunc(ctx, func() {
		if s.conn != nil {
			s.conn.keep(context.Cause(ctx))
		}
	})
	defer stop()
	s.client, err = c.DialToSMTPClientWithContext(ctx)
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
