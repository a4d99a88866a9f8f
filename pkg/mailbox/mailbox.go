// Package mailbox reads an IMAP folder: it lists new messages, delivers them raw, and marks those that are done.
//
// It is not a mail parser and makes no decisions about messages. It asks the server only for what a server can answer
// without parsing a message (no ENVELOPE, no BODYSTRUCTURE).
package mailbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/spool"
	"helpdesk/pkg/wire"
)

// Options says which folder of which server to read, and with which login.
type Options struct {
	Name     string // the mailbox's name in the settings; copied into every Listing
	Host     string
	Port     int    // 0 = 993 with implicit TLS, else 143
	TLS      string // implicit, starttls or none; "" = implicit. none is allowed for loopback addresses only
	CA       []byte // PEM: certificates trusted in addition to the system's
	Auth     string // password, xoauth2 or oauth2; "" = password
	User     string
	Password string // the access token if Auth is xoauth2 or oauth2
	Folder   string // "" = INBOX
	MoveTo   string // folder to which marked messages are moved; "" = they stay, marked \Seen
	Single   bool   // search the Sent folder on the main connection; for callers that read nothing from Folder

	// The capacity of Logins bounds the number of concurrent logins: a login puts a value in and removes it afterwards.
	// nil = no bound.
	Logins chan struct{}
	// Folders keeps long messages on disk while they are worked on.
	Folders spool.Folders

	// Idle is how long the server may stay silent while we wait for it; 0 = a minute.
	Idle time.Duration
	// Expiry is called with the expiry date of the server's certificate; nil = not called.
	Expiry wire.Expiry
	// Dial opens the connection; nil = net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	answer int // most bytes of the answer to one command, bodies not counted; 0 = maxAnswer
}

// Mailbox is an open folder. It runs one command at a time on its connection, so its methods must not be called
// concurrently, nor from the function passed to Fetch.
type Mailbox struct {
	o        Options
	readOnly bool
	main     *session // nil = lost
	side     *session // for the Sent folder; nil = not needed so far
	sent     string   // folder of sent mail; "" = not looked up yet
	validity uint32
	redials  int
	origin   string // part of the stamps: identifies server, user and folder
}

// maxRedials bounds how often a Mailbox reconnects, so that a server that drops every connection ends the pass.
const maxRedials = 100

var errReadOnly = errors.New("the mailbox is open for reading only")

// Open connects, logs in and selects the folder. With readOnly it uses EXAMINE, and every method that writes returns an
// error. An error says which step failed and what to do: fault.Setup if a person must act, else fault.Server.
func Open(ctx context.Context, o Options, readOnly bool) (*Mailbox, error) {
	m := &Mailbox{o: o.withDefaults(), readOnly: readOnly}
	m.origin = m.o.origin()
	if err := m.connect(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

func (o Options) withDefaults() Options {
	if o.TLS == "" {
		o.TLS = "implicit"
	}
	if o.Port == 0 {
		o.Port = 143
		if o.TLS == "implicit" {
			o.Port = 993
		}
	}
	if o.Auth == "" {
		o.Auth = "password"
	}
	if o.Folder == "" {
		o.Folder = "INBOX"
	}
	if o.Idle <= 0 {
		o.Idle = time.Minute
	}
	return o
}

// origin returns an identifier of server, user and folder. It distinguishes the folder from others that were read
// earlier under the same mailbox name.
func (o Options) origin() string {
	sum := sha256.Sum256([]byte(strings.ToLower(o.Host) + "\x00" + o.User + "\x00" + o.Folder))
	return hex.EncodeToString(sum[:4])
}

// stamp returns a string that distinguishes a message from another one with the same UID.
func (m *Mailbox) stamp(l desk.Listing) string {
	return fmt.Sprintf("%s:%d:%d", m.origin, l.Size, l.Received.Unix())
}

func (o Options) addr() string { return net.JoinHostPort(o.Host, strconv.Itoa(o.Port)) }

// connect opens the main connection. It returns an error if the folder's UIDVALIDITY has changed, because UIDs then
// mean other messages (RFC 9051, 2.3.1.1).
func (m *Mailbox) connect(ctx context.Context) error {
	s, err := dial(ctx, m.o)
	if err != nil {
		return err
	}
	validity, err := s.open(ctx, m.o.Folder, m.readOnly)
	if err != nil {
		s.drop()
		return err
	}
	if m.validity != 0 && validity != m.validity {
		s.drop()
		return fault.Away(fault.Refused,
			fmt.Errorf("select %s: UIDVALIDITY changed from %d to %d: the folder was rebuilt",
				m.o.Folder, m.validity, validity))
	}
	m.main, m.validity = s, validity
	return nil
}

// again replaces a lost connection; cause is the reason of the loss.
func (m *Mailbox) again(ctx context.Context, cause error) error {
	if m.main != nil {
		m.main.drop()
		m.main = nil
	}
	if err := ctx.Err(); err != nil {
		return fault.Away(fault.Refused, err)
	}
	if m.redials++; m.redials > maxRedials {
		return fault.Away(fault.Refused, fmt.Errorf("give up after %d lost connections: %w", maxRedials, cause))
	}
	return m.connect(ctx)
}

// ready reconnects if there is no connection.
func (m *Mailbox) ready(ctx context.Context) error {
	if m.main == nil || m.main.dead() {
		return m.again(ctx, errors.New("connection lost"))
	}
	return nil
}

// try runs fn, and once more on a new connection if fn lost the first. fn must be harmless to repeat.
func (m *Mailbox) try(ctx context.Context, fn func(*session) error) error {
	if err := m.ready(ctx); err != nil {
		return err
	}
	err := fn(m.main)
	if err == nil || answered(err) {
		return err
	}
	if broke := m.again(ctx, err); broke != nil {
		return broke
	}
	return fn(m.main)
}

// UIDValidity returns the folder's UIDVALIDITY: UIDs are valid only together with it.
func (m *Mailbox) UIDValidity() uint32 { return m.validity }

// Close logs out. It always returns nil: nothing depends on the logout.
func (m *Mailbox) Close() error {
	for _, s := range []*session{m.side, m.main} {
		if s != nil {
			s.close()
		}
	}
	m.main, m.side = nil, nil
	return nil
}
