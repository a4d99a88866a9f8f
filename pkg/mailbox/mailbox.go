// Package mailbox reads an IMAP folder: it lists what is new, delivers the raw messages, and marks those that are done.
//
// It is not a mail parser and decides nothing: it neither knows what a message says nor what becomes of it, and it asks
// the server for nothing that the server would have to parse (no ENVELOPE, no BODYSTRUCTURE).
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

// Options says which folder of which server to read, and as whom.
type Options struct {
	Name     string // of the mailbox in the settings; goes into every Listing
	Host     string
	Port     int    // 0 = 993 with implicit TLS, else 143
	TLS      string // implicit, starttls or none; "" = implicit. none is for loopback addresses only
	CA       []byte // PEM: certificates trusted besides the system's
	Auth     string // password, xoauth2 or oauth2; "" = password
	User     string
	Password string // with xoauth2 and oauth2 the access token
	Folder   string // "" = INBOX
	MoveTo   string // where marked messages go; "" = they stay, marked \Seen
	Single   bool   // the Sent folder is looked into on the same connection: nothing is read from Folder

	// Logins bounds how many log in at the same time, each of which puts something into it meanwhile; nil = any number.
	Logins chan struct{}
	// Folders take long messages while they are worked on.
	Folders spool.Folders

	// Idle is how long the server may be silent while we wait for it; 0 = a minute.
	Idle time.Duration
	// Expiry is told when the server's certificate expires; nil = nobody wants to know.
	Expiry wire.Expiry
	// Dial opens the connection; nil = net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	answer int // bytes that one command may be answered with, bodies not counted; 0 = maxAnswer
}

// Mailbox is an open folder. It holds one connection with one command in flight, so its methods must not be called at
// the same time, nor from within Fetch's function.
type Mailbox struct {
	o        Options
	readOnly bool
	main     *session // nil = lost
	side     *session // for the Sent folder; nil = not needed so far
	sent     string   // folder of sent mail, "" = not looked up
	validity uint32
	redials  int
	origin   string // of the stamps: which folder of whom on which server
}

// maxRedials bounds how often a Mailbox repairs its connection, so that a server which drops every one of them ends the
// pass.
const maxRedials = 100

var errReadOnly = errors.New("the mailbox is open for reading only")

// Open connects, logs in and selects the folder; readOnly opens it by EXAMINE and makes every method that writes
// refuse. Its errors tell which of these failed and what to do: those a person must mend are fault.Setup, others
// fault.Server.
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

// origin tells the folder from others that may have been read under the mailbox's name before.
func (o Options) origin() string {
	sum := sha256.Sum256([]byte(strings.ToLower(o.Host) + "\x00" + o.User + "\x00" + o.Folder))
	return hex.EncodeToString(sum[:4])
}

// stamp returns what tells a message from another one at its place.
func (m *Mailbox) stamp(l desk.Listing) string {
	return fmt.Sprintf("%s:%d:%d", m.origin, l.Size, l.Received.Unix())
}

func (o Options) addr() string { return net.JoinHostPort(o.Host, strconv.Itoa(o.Port)) }

// connect opens the main connection. A folder that is no longer the same must not be gone on with: its UIDs now mean
// other messages (RFC 9051, 2.3.1.1).
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

// again replaces a lost connection; cause is why it was lost.
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

// ready makes sure there is a connection.
func (m *Mailbox) ready(ctx context.Context) error {
	if m.main == nil || m.main.dead() {
		return m.again(ctx, errors.New("connection lost"))
	}
	return nil
}

// try runs fn, and once more on a new connection if it loses the one it has. fn must be harmless to repeat.
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

// UIDValidity returns the folder's UIDVALIDITY: UIDs of another one mean other messages.
func (m *Mailbox) UIDValidity() uint32 { return m.validity }

// Close logs out. It returns nil: what was done stays done.
func (m *Mailbox) Close() error {
	for _, s := range []*session{m.side, m.main} {
		if s != nil {
			s.close()
		}
	}
	m.main, m.side = nil, nil
	return nil
}
