// Package relay writes letters as mail and hands them to an SMTP server.
//
// It is not a queue and never tries again by itself: each letter is sent once, and the error says whether the server
// took it. What a letter says is made elsewhere.
package relay

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

// Options says which server to send by, and as whom.
type Options struct {
	Host     string
	Port     int    // 0 = 465 with implicit TLS, 587 with starttls, 25 with none
	TLS      string // implicit, starttls or none; "" = implicit. none is for loopback addresses only
	CA       []byte // PEM: certificates trusted besides the system's
	Auth     string // password, xoauth2, oauth2 or none; "" = password
	User     string
	Password string // with xoauth2 and oauth2 the access token
	HELO     string // the name we give; "" = this machine's where it has a dot, else Domain
	Domain   string // of our addresses

	// Timeout is how long the server may be silent; 0 = a minute. After a letter's last byte it may take five times as
	// long (RFC 5321, 4.5.3.2.6).
	Timeout time.Duration
	// Connections is how many letters may be on their way at a time; 0 = one.
	Connections int
	// Expiry is told when the server's certificate expires; nil = nobody wants to know.
	Expiry wire.Expiry
	// Dial opens the connection; nil = net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Relay is an SMTP server we are logged in to. Send may be called by several goroutines.
type Relay struct {
	o     Options
	slots chan *session // as many as Connections; nil = not connected
	live  atomic.Int32  // sessions connected
}

func (o Options) withDefaults() Options {
	if o.TLS == "" {
		o.TLS = "implicit"
	}
	if o.Port == 0 {
		o.Port = map[string]int{"implicit": 465, "starttls": 587}[o.TLS]
	}
	if o.Port == 0 {
		o.Port = 25
	}
	if o.Auth == "" {
		o.Auth = "password"
	}
	if o.HELO == "" {
		name, _ := os.Hostname()
		o.HELO = helo(name, o.Domain)
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	o.Connections = max(o.Connections, 1)
	return o
}

// helo returns the name to give to a server: many refuse one without a dot (RFC 5321, 4.1.4).
func helo(machine, domain string) string {
	name := strings.TrimSuffix(machine, ".")
	if strings.Contains(name, ".") && ascii(name) && !strings.HasSuffix(name, ".localdomain") &&
		!strings.ContainsAny(name, " _") {
		return name
	}
	return cmp.Or(desk.FoldDomain(domain), "localhost")
}

func (o Options) addr() string { return net.JoinHostPort(o.Host, strconv.Itoa(o.Port)) }

// Open connects and logs in. Its errors tell which of these failed and what to do: those a person must mend are
// fault.Setup, others fault.Server.
func Open(ctx context.Context, o Options) (*Relay, error) {
	o = o.withDefaults()
	r := &Relay{o: o, slots: make(chan *session, o.Connections)}
	s, err := dial(ctx, o)
	if err != nil {
		return nil, err
	}
	r.live.Add(1)
	r.slots <- s
	for range o.Connections - 1 {
		r.slots <- nil
	}
	return r, nil
}

// Send composes the letter and hands it to the server; what was sent it returns for a copy in the Sent folder. The
// error's fault.Outcome: Never = refused for good, Refused = not taken this time, Unsure = the connection was lost
// after the last byte and before the answer. A connection lost earlier is replaced with the next letter. Where the
// server does not take the recipient, nobody gets the letter; where it does not take somebody in copy, the others get
// it.
func (r *Relay) Send(ctx context.Context, l desk.Letter) (sent desk.Sent, err error) {
	if sent.Raw, err = Compose(l); err != nil {
		return desk.Sent{}, err
	}
	e, absent, err := newEnvelope(l)
	if err != nil {
		return desk.Sent{}, err
	}
	s, used, err := r.take(ctx)
	if err != nil {
		return desk.Sent{}, err
	}
	ended := false
	defer func() {
		if s != nil && !ended { // a panic: nobody knows what it would say next
			s.broken = true
		}
		r.give(s)
	}()
	refused, err := s.send(ctx, e, sent.Raw)
	if used && s.hungUp() {
		// The server had ended an idle connection, before it took anything of this letter.
		s.close()
		r.live.Add(-1)
		if s, err = r.dial(ctx); err == nil {
			refused, err = s.send(ctx, e, sent.Raw)
		}
	}
	ended = true
	if err != nil {
		return sent, fmt.Errorf("send to %s: %w", cmp.Or(l.Only.Addr, l.To.Addr), err)
	}
	sent.Absent = append(absent, refused...)
	return sent, nil
}

// Try asks the server whether it would take a letter from the address to itself, and sends none.
func (r *Relay) Try(ctx context.Context, l desk.Letter) error {
	l.To = l.From
	e, _, err := newEnvelope(l)
	if err != nil {
		return err
	}
	s, _, err := r.take(ctx)
	if err != nil {
		return err
	}
	defer r.give(s)
	defer s.begin(ctx)()
	s.letter = e
	if err := s.try(e.from, e.to); err != nil {
		return fmt.Errorf("ask whether letters from %s are taken: %w", e.own, err)
	}
	return nil
}

// idleEnough is how long after its opening a connection counts as one the server may have ended for idleness.
const idleEnough = 5 * time.Second

// take returns a connection that no other letter is on; used says whether it has been of use before.
func (r *Relay) take(ctx context.Context) (s *session, used bool, err error) {
	for {
		select {
		case s = <-r.slots:
		case <-ctx.Done():
			return nil, false, fault.Away(fault.Refused, context.Cause(ctx))
		}
		if s != nil {
			return s, s.letters > 0 || time.Since(s.since) > idleEnough, nil
		}
		s, err = r.dial(ctx)
		if err == nil {
			return s, false, nil
		}
		if fault.ExtentOf(err) == fault.Server && r.live.Load() > 0 && ctx.Err() == nil {
			continue // the server allows no further connection: wait for one of those we have, and leave this slot out
		}
		r.slots <- nil
		return nil, false, err
	}
}

func (r *Relay) dial(ctx context.Context) (*session, error) {
	s, err := dial(ctx, r.o)
	if err == nil {
		r.live.Add(1)
	}
	return s, err
}

// give returns a connection, or the place of one that is of no use any more.
func (r *Relay) give(s *session) {
	if s != nil && s.broken {
		s.close()
		r.live.Add(-1)
		s = nil
	}
	r.slots <- s
}

// Close says good-bye. What was taken stays taken, so its error is of interest to a log only.
func (r *Relay) Close() error {
	var first error
	for {
		select {
		case s := <-r.slots:
			if s == nil {
				continue
			}
			r.live.Add(-1)
			if err := s.quit(); err != nil && first == nil {
				first = err
			}
		default:
			return first
		}
	}
}
