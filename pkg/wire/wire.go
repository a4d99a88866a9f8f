// Package wire opens the connections to all servers: it holds the rules of encryption, the trust in certificates, the
// deadlines, and the words in which each of these tells of its failure.
//
// It speaks no protocol and knows no password. That nothing secret leaves this machine in the clear is decided here and
// nowhere else.
package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"helpdesk/pkg/fault"
)

// Server says which server to connect to, and how.
type Server struct {
	Host string
	Port int
	TLS  string // implicit, starttls or none; none is for loopback addresses only
	CA   []byte // PEM: certificates trusted besides the system's
	Keys string // where the settings hold host, port, tls and ca, such as imap; errors name it

	// Silence is how long the server may be silent while we wait for it.
	Silence time.Duration
	// Expiry is called with the end of the certificates of each connection, see Until; nil = nobody wants to know.
	Expiry Expiry
	// Dial opens the connection; nil = net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// dialWait is how long a connection may take to open.
const dialWait = 30 * time.Second

// Loopback reports whether a host is this machine, whatever a name server says.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Private reports whether a secret may travel to u by HTTP: over TLS, or without leaving this machine.
func Private(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname())
}

// Addr returns the server's host:port.
func (s Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Config returns the rules of encryption, also where nothing is to be encrypted. Its error is fault.Setup.
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
	roots, err := roots(s.CA, s.Keys)
	if err != nil {
		return nil, fault.Misconfigured(fmt.Errorf("connect to %s: %w", s.Addr(), err))
	}
	return &tls.Config{
		ServerName:       s.Host,
		MinVersion:       tls.VersionTLS12,
		RootCAs:          roots,
		VerifyConnection: s.Expiry.watch(s.Host),
	}, nil
}

// roots returns the system's certificates and those of ca, nil = the system's alone.
func roots(ca []byte, keys string) (*x509.CertPool, error) {
	if len(ca) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s.ca holds no certificate in PEM form", keys)
	}
	return pool, nil
}

// Connect opens the connection; with implicit TLS stream is the encrypted one, else it is conn itself. Nothing has been
// said on it. The errors say what to do: those a person must mend are fault.Setup, others fault.Server.
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
		return nil, nil, fault.Because(fault.Cipher,
			fault.Misconfigured(fmt.Errorf("connect to %s: the server encrypts from the first byte "+
				"on; set %s.tls to implicit", s.Addr(), s.Keys)))
	}
	raw, err := dial(dialing, "tcp", s.Addr())
	if err != nil {
		err = fmt.Errorf("connect to %s: %w; check %s.host and %s.port", s.Addr(), err, s.Keys, s.Keys)
		return nil, nil, fault.Because(Unreached(err), fault.Away(fault.Refused, err))
	}
	conn = New(raw, s.Silence)
	if s.TLS != "implicit" {
		return conn, conn, nil
	}
	t := tls.Client(conn, config)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, nil, s.Explain(err)
	}
	return conn, t, nil
}

// encrypted reports whether the server speaks TLS from the first byte on: it would wait in silence for us to begin.
// Only the ports that are meant for that are asked.
func (s Server) encrypted(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error),
	config *tls.Config) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
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

// Unreached tells a host that does not exist from one that does not answer, by why it could not be connected to.
func Unreached(err error) fault.Cause {
	var name *net.DNSError
	if errors.As(err, &name) && name.IsNotFound {
		return fault.Absent
	}
	return fault.Silent
}

// Transport returns what HTTP travels by: proxies as the environment says, and the certificates of ca (PEM) trusted
// besides the system's. keys is the section of the settings that ca comes from. expiry may be nil, see Server.
func Transport(ca []byte, keys string, expiry Expiry) (*http.Transport, error) {
	roots, err := roots(ca, keys)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig: &tls.Config{
			MinVersion:       tls.VersionTLS12,
			RootCAs:          roots,
			VerifyConnection: expiry.watch(""),
		},
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     30 * time.Second,
		ForceAttemptHTTP2:   true,
	}, nil
}
