package mail

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// SMTPOptions are the differences between relays. The zero value accepts mail from anybody without TLS.
type SMTPOptions struct {
	User     string // "" = no login required
	Password string // also the token if Token is nil
	Token    func(user, token string) bool
	TLS      *tls.Config
	StartTLS bool  // TLS by STARTTLS; false = implicit TLS
	MaxBytes int64 // of a letter; 0 = unlimited
	UTF8     bool  // supports SMTPUTF8
}

// Letter is a mail that the relay has accepted.
type Letter struct {
	From string // envelope sender; "" = the null sender
	To   []string
	Raw  []byte
	At   time.Time
}

// SMTP is a relay that keeps the mail it accepts.
type SMTP struct {
	o      SMTPOptions
	server *smtp.Server
	addr   string

	mu          sync.Mutex
	letters     []Letter
	connections int
	inject      func(stage, arg string) error
	asking      asking
}

// NewSMTP starts a relay on a free port of 127.0.0.1.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &SMTP{o: o, addr: ln.Addr().String()}
	s.server = smtp.NewServer(smtp.BackendFunc(s.session))
	s.server.Domain = "localhost"
	s.server.MaxMessageBytes = o.MaxBytes
	s.server.EnableSMTPUTF8 = o.UTF8
	s.server.AllowInsecureAuth = o.TLS == nil
	s.server.ErrorLog = silent
	s.server.TLSConfig = o.TLS
	if o.TLS != nil && !o.StartTLS {
		ln = tls.NewListener(ln, o.TLS)
	}
	serveOn(ln, s.server.Serve)
	return s, nil
}

// Addr returns host:port.
func (s *SMTP) Addr() string { return s.addr }

// Close stops the relay and drops its connections.
func (s *SMTP) Close() error { return s.server.Close() }

// Letters returns the accepted letters in order.
func (s *SMTP) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.letters)
}

// Connections returns the number of clients that sent a greeting.
func (s *SMTP) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Inject calls f at each stage. If f returns an *smtp.SMTPError, that is the response; ErrDrop closes the connection;
// nil does nothing. The stages, with arg in parentheses, are connect (the name in the greeting), auth (the user), mail
// and rcpt (the address), data (before the letter is stored), reply (between storing and responding) and quit.
func (s *SMTP) Inject(f func(stage, arg string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inject = f
}

func (s *SMTP) session(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	s.connections++
	s.mu.Unlock()
	r := &relaySession{s: s, conn: c}
	return r, r.at("connect", c.Hostname())
}

// relaySession is one connection to the relay.
type relaySession struct {
	s      *SMTP
	conn   *smtp.Conn
	authed bool
	from   string
	to     []string
}

// at returns the injected fault of a stage.
func (r *relaySession) at(stage, arg string) error {
	r.s.mu.Lock()
	f := r.s.inject
	r.s.mu.Unlock()
	if f == nil {
		return nil
	}
	err := r.s.asking.ask(f, stage, arg)
	if errors.Is(err, ErrDrop) {
		_ = r.conn.Conn().Close()
	}
	return err
}

// AuthMechanisms implements smtp.AuthSession.
func (r *relaySession) AuthMechanisms() []string {
	if r.s.o.User == "" {
		return nil
	}
	return mechanisms
}

// Auth implements smtp.AuthSession.
func (r *relaySession) Auth(mech string) (sasl.Server, error) {
	right := func(user, secret string) bool { return user == r.s.o.User && secret == r.s.o.Password }
	a := accounts{password: r.login(right), token: r.login(right)}
	if r.s.o.Token != nil {
		a.token = r.login(r.s.o.Token)
	}
	server := a.server(mech)
	if server == nil || r.s.o.User == "" {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return server, nil
}

// login returns a function that logs in a user with the right secret.
func (r *relaySession) login(right func(user, secret string) bool) func(user, secret string) error {
	return func(user, secret string) error {
		if err := r.at("auth", user); err != nil {
			return err
		}
		if !right(user, secret) {
			return smtp.ErrAuthFailed
		}
		r.authed = true
		return nil
	}
}

// Mail implements smtp.Session.
func (r *relaySession) Mail(from string, _ *smtp.MailOptions) error {
	if r.s.o.User != "" && !r.authed {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	if err := r.at("mail", from); err != nil {
		return err
	}
	r.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (r *relaySession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := r.at("rcpt", to); err != nil {
		return err
	}
	r.to = append(r.to, to)
	return nil
}

// Data implements smtp.Session.
func (r *relaySession) Data(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if err := r.at("data", r.from); err != nil {
		return err
	}
	r.s.mu.Lock()
	r.s.letters = append(r.s.letters, Letter{From: r.from, To: slices.Clone(r.to), Raw: raw, At: time.Now()})
	r.s.mu.Unlock()
	return r.at("reply", r.from)
}

// Reset implements smtp.Session.
func (r *relaySession) Reset() { r.from, r.to = "", nil }

// Logout implements smtp.Session.
func (r *relaySession) Logout() error { return r.at("quit", "") }
