package wire

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/fault"
)

// made is a certificate with its key.
type made struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// certify creates a certificate signed by the authority, or by itself if by is nil.
func certify(t *testing.T, by *made, c x509.Certificate) *made {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotBefore.IsZero() {
		c.NotBefore = time.Now().Add(-time.Hour)
	}
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(time.Hour)
	}
	parent, signer := &c, key
	if by != nil {
		parent, signer = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &made{parsed, key}
}

func authority(t *testing.T, name string, by *made) *made {
	return certify(t, by, x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign})
}

func (m *made) pem() []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.Raw}) }

// serve handles TLS handshakes with the config, or sends a plain line if it is nil.
func serve(t *testing.T, config *tls.Config) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if config == nil {
					_, _ = io.WriteString(c, "* OK plain\r\n")
					return
				}
				_ = tls.Server(c, config).Handshake()
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

var loopbacks = []net.IP{net.IPv4(127, 0, 0, 1)}

// TestTroubleWithCertificates checks that each kind of failure is recognized and has the right advice.
func TestTroubleWithCertificates(t *testing.T) {
	root := authority(t, "Example Root", nil)
	between := authority(t, "Example Intermediate", root)
	ca := x509.Certificate{Subject: pkix.Name{CommonName: "Old Intermediate"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().Add(-time.Hour)}
	old := certify(t, root, ca)
	ca.NotBefore, ca.NotAfter = time.Now().AddDate(1, 0, 0), time.Now().AddDate(2, 0, 0)
	early := certify(t, root, ca)
	good := x509.Certificate{IPAddresses: loopbacks}
	change := func(fn func(*x509.Certificate)) x509.Certificate { c := good; fn(&c); return c }
	for name, c := range map[string]struct {
		leaf   *made
		chain  []*made
		ca     *made
		config *tls.Config
		says   []string // "" = trusted
		not    string
	}{
		"good":         {leaf: certify(t, root, good), ca: root},
		"with a chain": {leaf: certify(t, between, good), chain: []*made{between}, ca: root},
		"expired": {leaf: certify(t, root, change(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().Add(-time.Hour)
		})), ca: root, says: []string{"must renew it", "until"}, not: "imap.ca"},
		"not yet valid": {leaf: certify(t, root, change(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().AddDate(1, 0, 0), time.Now().AddDate(2, 0, 0)
		})), ca: root, says: []string{"set the clock"}, not: "renew"},
		"common name only": {leaf: certify(t, root, x509.Certificate{Subject: pkix.Name{CommonName: "127.0.0.1"}}),
			ca:   root,
			says: []string{"common name", "subjectAltName"}, not: "imap.ca"},
		"another name": {leaf: certify(t, root,
			x509.Certificate{DNSNames: []string{"mx1.example.ru", "mx2.example.ru"}}), ca: root,
			says: []string{"is for mx1.example.ru, mx2.example.ru", "imap.host"}, not: "imap.ca"},
		"private authority": {
			leaf: certify(t, root, good),
			says: []string{`"Example Root"`, "imap.ca"},
			not:  "ca-certificates",
		},
		"signed by itself": {leaf: certify(t, nil, good), says: []string{"imap.ca"}},
		"no intermediate": {leaf: certify(t, between, good), ca: root,
			says: []string{`"Example Intermediate"`, "imap.ca"},
			not:  "ca-certificates"},
		"expired authority": {leaf: certify(t,
			certify(t, nil, x509.Certificate{Subject: pkix.Name{CommonName: "Old Root"}, IsCA: true,
				BasicConstraintsValid: true, NotAfter: time.Now().Add(-time.Minute), KeyUsage: x509.KeyUsageCertSign}),
			good),
			says: []string{`"Old Root"`, "imap.ca"}},
		"expired intermediate": {leaf: certify(t, old, good), chain: []*made{old}, ca: root,
			says: []string{"Old Intermediate", "must renew it"}, not: "imap.ca"},
		"future intermediate": {leaf: certify(t, early, good), chain: []*made{early}, ca: root,
			says: []string{"set the clock"}, not: "imap.ca"},
		"expired and of a private authority": {leaf: certify(t, root, change(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().AddDate(0, -3, 0), time.Now().Add(-time.Minute)
		})), says: []string{"must renew it"}, not: "imap.ca"},
		"for clients only": {leaf: certify(t, root, change(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		})), ca: root, says: []string{"request a new one for a server"}, not: "imap.ca"},
		"another address": {leaf: certify(t, root, x509.Certificate{IPAddresses: []net.IP{net.IPv4(192, 0, 2, 7)}}),
			ca: root, says: []string{"is for 192.0.2.7", "imap.host"}, not: "imap.ca"},
		"no name at all": {leaf: certify(t, root, x509.Certificate{Subject: pkix.Name{Organization: []string{"X"}}}),
			ca: root, says: []string{"the name nobody", "subjectAltName"}, not: "imap.ca"},
		"signed by itself, for another": {leaf: certify(t, nil, x509.Certificate{DNSNames: []string{"localhost"}}),
			says: []string{"is for localhost", "imap.host"}, not: "imap.ca"},
		"TLS 1.0": {
			leaf:   certify(t, root, good),
			ca:     root,
			config: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10},
			says:   []string{"no TLS 1.2", "imap.host"},
			not:    "imap.ca",
		},
		"TLS 1.1": {
			leaf:   certify(t, root, good),
			ca:     root,
			config: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			says:   []string{"no TLS 1.2"},
			not:    "imap.ca",
		},
		"no cipher": {
			leaf:   certify(t, root, good),
			ca:     root,
			config: &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}},
			says:   []string{"no cipher in common"},
			not:    "imap.ca",
		},
	} {
		t.Run(name, func(t *testing.T) {
			shown := tls.Certificate{Certificate: [][]byte{c.leaf.Raw}, PrivateKey: c.leaf.key}
			for _, m := range c.chain {
				shown.Certificate = append(shown.Certificate, m.Raw)
			}
			config := &tls.Config{}
			if c.config != nil {
				config = c.config.Clone()
			}
			config.Certificates = []tls.Certificate{shown}
			s := Server{
				Host:    "127.0.0.1",
				Port:    serve(t, config),
				TLS:     "implicit",
				Keys:    "imap",
				Silence: 10 * time.Second,
			}
			if c.ca != nil {
				s.CA = c.ca.pem()
			}
			conn, _, err := s.Connect(t.Context())
			if len(c.says) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				_ = conn.Close()
				return
			}
			if fault.ExtentOf(err) != fault.Setup {
				t.Errorf("extent %v, want one a person mends: %v", fault.ExtentOf(err), err)
			}
			for _, says := range c.says {
				if err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("%v\ndoes not say %q", err, says)
				}
			}
			if c.not != "" && strings.Contains(err.Error(), c.not) {
				t.Errorf("%v\nsays %q", err, c.not)
			}
		})
	}
}

// TestNoRootCertificates connects on a machine without root certificates. Go reads them once per process, so the test
// starts another process.
func TestNoRootCertificates(t *testing.T) {
	if os.Getenv("WIRE_TEST_BARE") == "" {
		if _, err := os.Stat("/etc/ssl"); err != nil {
			t.Skip("this system keeps its certificates elsewhere")
		}
		again := exec.Command(os.Args[0], "-test.run=^TestNoRootCertificates$", "-test.v")
		again.Env = append(os.Environ(), "WIRE_TEST_BARE=1", "SSL_CERT_FILE=/nonexistent", "SSL_CERT_DIR=/nonexistent")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	leaf := certify(t, authority(t, "Public Root", nil), x509.Certificate{IPAddresses: loopbacks})
	s := Server{Host: "127.0.0.1", TLS: "implicit", Keys: "imap", Silence: 10 * time.Second}
	s.Port = serve(t, &tls.Config{Certificates: []tls.Certificate{{
		Certificate: [][]byte{leaf.Raw},
		PrivateKey:  leaf.key,
	}}})
	_, _, err := s.Connect(t.Context())
	if err == nil || !strings.Contains(err.Error(), "ca-certificates") || fault.ExtentOf(err) != fault.Setup {
		t.Errorf("got %v", err)
	}
}

func TestNothingSpeaksTLSThere(t *testing.T) {
	s := Server{Host: "127.0.0.1", Port: serve(t, nil), TLS: "implicit", Keys: "smtp", Silence: 10 * time.Second}
	_, _, err := s.Connect(t.Context())
	if err == nil || !strings.Contains(err.Error(), "smtp.tls to starttls") || fault.ExtentOf(err) != fault.Setup {
		t.Errorf("got %v", err)
	}
}

func TestNothingSecretInTheClear(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) {
		t.Error("dialled")
		return nil, errors.New("no")
	}
	for _, host := range []string{"mail.example.ru", "10.0.0.1", "0.0.0.0", "127.0.0.1.example.ru",
		"localhost.example.ru", "::", ""} {
		_, _, err := Server{
			Host:    host,
			Port:    143,
			TLS:     "none",
			Keys:    "imap",
			Silence: time.Second,
			Dial:    dial,
		}.Connect(t.Context())
		if err == nil || fault.ExtentOf(err) != fault.Setup || !strings.Contains(err.Error(), "imap.tls") {
			t.Errorf("%q: %v", host, err)
		}
	}
	for _, host := range []string{"localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"} {
		if !Loopback(host) {
			t.Errorf("%q is this machine", host)
		}
	}
	for address, private := range map[string]bool{"https://a.ru/": true, "http://127.0.0.1/": true,
		"http://[::1]:80/":       true,
		"http://localhost:8080/": true, "http://a.ru/": false, "http://127.0.0.1@a.ru/": false,
		"ftp://127.0.0.1/": false, "//127.0.0.1/": false} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if Private(u) != private {
			t.Errorf("%s: %v", address, !private)
		}
	}
}

// TestSilence checks that a peer may be silent between requests, but not after one.
func TestSilence(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	c := New(ours, 20*time.Millisecond)
	c.Rest()
	read := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		read <- err
	}()
	select {
	case err := <-read:
		t.Fatalf("ended at rest: %v", err)
	case <-time.After(60 * time.Millisecond):
	}
	c.Expect(20 * time.Millisecond) // while a reader is already waiting
	err := <-read
	if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "no answer for 20ms") {
		t.Errorf("got %v", err)
	}
	if _, again := c.Write([]byte("x")); again == nil || again.Error() != err.Error() || c.Failure() == nil {
		t.Errorf("later: %v", again)
	}
}

// TestDripping checks that a peer that occasionally sends something does not count as silent.
func TestDripping(t *testing.T) {
	ours, theirs := net.Pipe()
	c := New(ours, time.Second)
	go func() {
		defer theirs.Close()
		for range 5 {
			_, _ = theirs.Write([]byte("x"))
		}
	}()
	if all, err := io.ReadAll(c); err != nil || len(all) != 5 {
		t.Errorf("%q, %v", all, err)
	}
}

func TestTheEndOfAContext(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	c := New(ours, time.Minute)
	ctx, cancel := context.WithCancelCause(t.Context())
	release := c.Bind(ctx)
	defer release()
	why := errors.New("enough")
	cancel(why)
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

// A server that expects TLS from the first byte is named where the settings expect a greeting in the clear: on its own
// ports at once, on others when no greeting comes. A greeting that comes is read whole.
func TestClearWhereTLSIsImplicit(t *testing.T) {
	root := authority(t, "Example Root", nil)
	leaf := certify(t, root, x509.Certificate{IPAddresses: loopbacks})
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: leaf.key}}}
	for name, serves := range map[string]*tls.Config{"implicit": config, "plain": nil} {
		to := net.JoinHostPort("127.0.0.1", strconv.Itoa(serve(t, serves)))
		for _, says := range []string{"starttls", "none"} {
			for _, port := range []int{993, 2143} {
				s := Server{Host: "127.0.0.1", Port: port, TLS: says, CA: root.pem(), Keys: "imap",
					Silence: time.Second,
					Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
						return new(net.Dialer).DialContext(ctx, network, to)
					}}
				conn, stream, err := s.Connect(t.Context())
				if serves == nil {
					if err != nil {
						t.Fatalf("%s, %s on port %d: %v", name, says, port, err)
					}
					if got, err := io.ReadAll(stream); string(got) != "* OK plain\r\n" || err != nil {
						t.Errorf("%s, %s on port %d: greets %q, %v", name, says, port, got, err)
					}
					_ = conn.Close()
					continue
				}
				if fault.ExtentOf(err) != fault.Setup || !strings.Contains(err.Error(), "set imap.tls to implicit") {
					t.Errorf("%s, %s on port %d: %v", name, says, port, err)
				}
			}
		}
	}
}

// A host that does not exist is distinguished from one that is silent.
func TestUnreached(t *testing.T) {
	for want, err := range map[fault.Cause]error{
		fault.Absent: &net.OpError{
			Op:  "dial",
			Err: &net.DNSError{Err: "no such host", Name: "imap.firm.example", IsNotFound: true},
		},
		fault.Silent: &net.OpError{
			Op:  "dial",
			Err: &net.DNSError{Err: "server misbehaving", Name: "imap.firm.example", IsTemporary: true},
		},
	} {
		s := Server{Host: "imap.firm.example", Port: 993, TLS: "implicit", Keys: "imap", Silence: time.Second,
			Dial: func(context.Context, string, string) (net.Conn, error) { return nil, err }}
		if _, _, got := s.Connect(t.Context()); fault.CauseOf(got) != want || fault.ExtentOf(got) != fault.Server {
			t.Errorf("%v: cause %q, %v", err, fault.CauseOf(got), got)
		}
	}
}
