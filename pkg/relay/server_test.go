package relay

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"helpdesk/pkg/desk"
)

// taken is a letter that a server accepted.
type taken struct {
	from string
	to   []string
	raw  string
}

// testServer is a real SMTP server on loopback. It refuses the recipients later@, never@ and closing@example.org and
// the sender refused@example.ru, each in a different way.
type testServer struct {
	name    string
	addr    string
	tls     string // address with implicit TLS; "" = none
	ca      []byte
	letters func(t *testing.T, min int) []taken
	memory  *memory // nil = another server
}

// onServers runs the test on every available server.
func onServers(t *testing.T, test func(t *testing.T, s *testServer)) {
	t.Run("memory", func(t *testing.T) { test(t, memoryServer(t)) })
	t.Run("postfix", func(t *testing.T) { test(t, postfixServer(t)) })
}

// memory is the in-memory server for tests.
type memory struct {
	mu      sync.Mutex
	letters []taken
	conns   int
	fail    func(stage string) error
}

func memoryServer(t *testing.T) *testServer {
	t.Helper()
	cert, ca := certificate(t)
	m := &memory{}
	srv := smtp.NewServer(m)
	srv.Domain = "mx.example.test"
	srv.AllowInsecureAuth = true
	srv.EnableSMTPUTF8 = true
	srv.MaxMessageBytes = 200000
	srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	srv.ErrorLog = log.New(io.Discard, "", 0)
	plain, secure := listen(t), listen(t)
	go srv.Serve(plain)
	go srv.Serve(tls.NewListener(secure, srv.TLSConfig))
	t.Cleanup(func() { srv.Close() })
	return &testServer{name: "memory", addr: plain.Addr().String(), tls: secure.Addr().String(), ca: ca, memory: m,
		letters: func(t *testing.T, min int) []taken {
			m.mu.Lock()
			defer m.mu.Unlock()
			if len(m.letters) < min {
				t.Fatalf("%d letters taken, not %d", len(m.letters), min)
			}
			all := m.letters
			m.letters = nil
			return all
		}}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func (m *memory) NewSession(*smtp.Conn) (smtp.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conns++
	return &memorySession{memory: m}, m.failing("connect")
}

func (m *memory) failing(stage string) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(stage)
}

type memorySession struct {
	*memory
	now taken
}

func (s *memorySession) AuthMechanisms() []string { return []string{sasl.Plain, "XOAUTH2"} }

func (s *memorySession) Auth(mech string) (sasl.Server, error) {
	if mech == "XOAUTH2" {
		return tokenServer{}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "support" || password != "secret" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

type tokenServer struct{}

func (tokenServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if strings.Contains(string(response), "Bearer token\x01") {
		return nil, true, nil
	}
	if len(response) > 0 {
		return []byte(`{"status":"401"}`), false, nil
	}
	return nil, false, smtp.ErrAuthFailed
}

func (s *memorySession) Mail(from string, _ *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = taken{from: from}
	if from == "refused@example.ru" {
		return &smtp.SMTPError{Code: 553, Message: "sender not owned by user"}
	}
	return s.failing("mail")
}

func (s *memorySession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.to = append(s.now.to, to)
	switch to {
	case "later@example.org":
		return &smtp.SMTPError{Code: 450, Message: "come back later"}
	case "never@example.org":
		return &smtp.SMTPError{Code: 550, Message: "no such user"}
	case "closing@example.org":
		return &smtp.SMTPError{Code: 421, Message: "closing"}
	}
	return s.failing("rcpt")
}

func (s *memorySession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failing("data"); err != nil {
		return err
	}
	s.now.raw = string(raw)
	s.letters = append(s.letters, s.now)
	return nil
}

func (s *memorySession) Reset()        {}
func (s *memorySession) Logout() error { return nil }

func options(addr string) Options {
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return Options{Host: host, Port: n, TLS: "none", Auth: "none", HELO: "client.example.ru", Timeout: 5 * time.Second}
}

func open(t *testing.T, o Options) *Relay {
	t.Helper()
	r, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

var day = time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)

func letterTo(to string) desk.Letter {
	return desk.Letter{
		MessageID: "hd.0.1@example.ru", Date: day, Subject: "Принтер", Text: "Здравствуйте!\n.\nточка",
		HTML: "<p>Здравствуйте!</p>",
		From: desk.Address{Name: "Служба поддержки", Addr: "support@example.ru"}, To: desk.Address{Addr: to},
	}
}
