package mail

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// IMAPOptions are the differences between IMAP servers. The zero value has the user "user" with the password
// "password".
type IMAPOptions struct {
	User      string
	Password  string // also the token if Token is nil
	Token     func(user, token string) bool
	TLS       *tls.Config
	StartTLS  bool // TLS by STARTTLS; false = implicit TLS
	NoMove    bool // does not support MOVE
	NoUIDPlus bool // does not advertise UIDPLUS

	Mechanisms []string // SASL mechanisms; nil = all
}

// Message is a message in a folder.
type Message struct {
	UID      uint32
	Flags    []string // lower case
	Seen     bool
	Raw      []byte
	Received time.Time
}

// IMAP is an IMAP server with one account in memory. It starts with the folders INBOX and Sent.
type IMAP struct {
	o      IMAPOptions
	user   *imapmemserver.User
	server *imapserver.Server
	addr   string
	inside *pipeListener

	mu       sync.Mutex
	special  map[string]imap.MailboxAttr // special use by folder; every folder has an entry
	writes   int
	commands map[string]int
	inject   func(command, arg string) error
	asking   asking

	odd       map[oddPlace]odd
	flagNames map[imap.Flag]bool // custom flags

	adminMu sync.Mutex
	admin   *imapclient.Client
}

// NewIMAP starts a server on a free port of 127.0.0.1.
func NewIMAP(o IMAPOptions) (*IMAP, error) {
	if o.User == "" {
		o.User, o.Password = "user", "password"
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &IMAP{
		o: o, user: imapmemserver.NewUser(o.User, o.Password), addr: ln.Addr().String(), inside: newPipeListener(),
		special: map[string]imap.MailboxAttr{}, commands: map[string]int{}, odd: map[oddPlace]odd{},
		flagNames: map[imap.Flag]bool{},
	}
	options := &imapserver.Options{
		NewSession: s.session, Caps: s.caps(), Logger: silent, InsecureAuth: o.TLS == nil,
	}
	if o.StartTLS {
		options.TLSConfig = o.TLS
	}
	s.server = imapserver.New(options)
	if err := s.CreateFolder("INBOX", ""); err != nil {
		return nil, err
	}
	if err := s.CreateFolder("Sent", imap.MailboxAttrSent); err != nil {
		return nil, err
	}
	if o.TLS != nil && !o.StartTLS {
		ln = tls.NewListener(ln, o.TLS)
	}
	serveOn(ln, s.server.Serve)
	serveOn(s.inside, s.server.Serve)
	return s, nil
}

func (s *IMAP) caps() imap.CapSet {
	caps := imap.CapSet{}
	for _, c := range []imap.Cap{
		imap.CapIMAP4rev1, imap.CapNamespace, imap.CapESearch, imap.CapListExtended, imap.CapListStatus,
		imap.CapStatusSize,
		imap.CapSpecialUse, imap.CapLiteralPlus, imap.CapMove, imap.CapUIDPlus,
	} {
		caps[c] = struct{}{}
	}
	if s.o.NoMove {
		delete(caps, imap.CapMove)
	}
	if s.o.NoUIDPlus {
		delete(caps, imap.CapUIDPlus)
	}
	return caps
}

// Addr returns host:port.
func (s *IMAP) Addr() string { return s.addr }

// Close stops the server and drops its connections.
func (s *IMAP) Close() error {
	s.adminMu.Lock()
	defer s.adminMu.Unlock()
	if s.admin != nil {
		_ = s.admin.Close()
	}
	_ = s.inside.Close()
	return s.server.Close()
}

// Writes returns the number of client commands that changed something, or could have.
func (s *IMAP) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// Commands returns the number of commands by name. It also counts fetches of ENVELOPE and BODYSTRUCTURE under these
// names.
func (s *IMAP) Commands() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.commands)
}

// ResetCounts resets Writes and Commands.
func (s *IMAP) ResetCounts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes, s.commands = 0, map[string]int{}
}

// Inject calls f before each command. If f returns an *imap.Error, that is the response; ErrDrop closes the connection;
// nil does nothing. arg is the folder or the set of numbers.
func (s *IMAP) Inject(f func(command, arg string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inject = f
}

// CreateFolder creates a folder. use is a special use such as \Sent, or "".
func (s *IMAP) CreateFolder(name string, use imap.MailboxAttr) error {
	if err := s.user.Create(name, nil); err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.special[name] = use
	return nil
}

// DeleteFolder deletes a folder with its messages.
func (s *IMAP) DeleteFolder(name string) error {
	if err := s.user.Delete(name); err != nil {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	s.forget(name, "")
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.special, name)
	return nil
}

// Append adds an unseen message to a folder. A zero time means now.
func (s *IMAP) Append(folder string, raw []byte, at time.Time) (uid uint32, err error) {
	return s.append(folder, raw, at)
}

func (s *IMAP) append(folder string, raw []byte, at time.Time, flags ...imap.Flag) (uint32, error) {
	d, err := s.user.Append(folder, bytes.NewReader(raw), &imap.AppendOptions{Time: at, Flags: flags})
	if err != nil {
		return 0, fmt.Errorf("append to %s: %w", folder, err)
	}
	if at.IsZero() {
		at = time.Now()
	}
	s.named(flags)
	s.keep(folder, d.UID, odd{raw, at})
	return uint32(d.UID), nil
}

// UIDValidity returns the UIDVALIDITY of a folder, or 0 if the folder does not exist.
func (s *IMAP) UIDValidity(folder string) uint32 {
	d, err := s.user.Status(folder, &imap.StatusOptions{UIDValidity: true})
	if err != nil {
		return 0
	}
	return d.UIDValidity
}
