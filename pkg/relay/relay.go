// Package relay writes letters as mail and hands them to an SMTP server.
//
// It is not a queue and never retries by itself: each letter is sent once, and the error says whether the server
// accepted it. The content of a letter is made elsewhere.
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

// Options says which server to send through, and with which login.
type Options struct {
	Host     string
	Port     int    // 0 = 465 with implicit TLS, 587 with starttls, 25 with none
	TLS      string // implicit, starttls or none; "" = implicit. none is allowed for loopback addresses only
	CA       []byte // PEM: certificates trusted in addition to the system's
	Auth     string // password, xoauth2, oauth2 or none; "" = password
	User     string
	Password string // the access token if Auth is xoauth2 or oauth2
	HELO     string // our name in EHLO; "" = this machine's name if it has a dot, else Domain
	Domain   string // the domain of our addresses

	// Timeout is how long the server may stay silent; 0 = a minute. It is five times as long after the last byte of a
	// letter (RFC 5321, 4.5.3.2.6).
	Timeout time.Duration
	// Connections is the number of letters sent at the same time; 0 = one.
	Connections int
	// Expiry is called with the expiry date of the server's certificate; nil = not called.
	Expiry wire.Expiry
	// Dial opens the connection; nil = net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Relay is a logged-in SMTP server. Send may be called concurrently.
type Relay struct {
	o     Options
	slots chan *session // one per connection; nil = not connected
	live  atomic.Int32  // number of connected sessions
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

// helo returns the name for EHLO: many servers refuse a name without a dot (RFC 5321, 4.1.4).
func helo(machine, domain string) string {
	name := strings.TrimSuffix(machine, ".")
	if strings.Contains(name, ".") && ascii(name) && !strings.HasSuffix(name, ".localdomain") &&
		!strings.ContainsAny(name, " _") {
		return name
	}
	return cmp.Or(desk.FoldDomain(domain), "localhost")
}

func (o Options) addr() string { return net.JoinHostPort(o.Host, strconv.Itoa(o.Port)) }

// Open connects and logs in. An error says which step failed and what to do: fault.Setup if a person must act, else
// fault.Server.
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

// Send composes the letter and sends it. It returns what it sent, for a copy in the Sent folder. The error's
// fault.Outcome is Never if the letter was refused for good, Refused if it was not accepted this time, and Unsure if
// the connection was lost after the last byte and before the answer. A connection lost earlier is replaced for the next
// letter. If the server refuses the recipient, nobody gets the letter; if it refuses somebody in copy, the others get
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
		if s != nil && !ended { // a panic: the state of the connection is unknown
			s.broken = true
		}
		r.give(s)
	}()
	refused, err := s.send(ctx, e, sent.Raw)
	if used && s.hungUp() {
		// The server had closed the idle connection before it accepted any command of this letter.
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

// Try asks the server whether it would accept a letter from the address to itself, without sending a letter.
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

// idleEnough is the age from which the server may have closed an unused connection.
const idleEnough = 5 * time.Second

// take returns a connection for one letter. used reports that the server may have closed the connection for idleness.
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
			continue // the server allows no more connections: drop this slot and wait for another
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

// give returns a connection to the pool, or a free slot if the connection is broken.
func (r *Relay) give(s *session) {
	if s != nil && s.broken {
		s.close()
		r.live.Add(-1)
		s = nil
	}
	r.slots <- s
}

// Close sends QUIT on each connection. Its error is only worth a line in the log: what the server accepted is not lost.
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
