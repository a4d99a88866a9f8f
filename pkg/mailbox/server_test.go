package mailbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

const (
	testUser     = "support"
	testPassword = "secret"
)

// testServer is a real IMAP server on loopback with the empty folders INBOX, Done and Sent.
type testServer struct {
	name             string
	addr, tls, start string // host:port without TLS, with implicit TLS, with STARTTLS
	ca               []byte
	user             string
}

// onServers runs the test on every available server.
func onServers(t *testing.T, test func(t *testing.T, s *testServer)) {
	t.Run("memory", func(t *testing.T) { test(t, memoryServer(t)) })
	t.Run("dovecot", func(t *testing.T) { test(t, dovecotServer(t)) })
}

func memoryServer(t *testing.T) *testServer {
	t.Helper()
	cert, ca := certificate(t)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	mem := imapmemserver.New()
	user := imapmemserver.NewUser(testUser, testPassword)
	for _, box := range []string{"INBOX", "Done", "Sent"} {
		if err := user.Create(box, nil); err != nil {
			t.Fatal(err)
		}
	}
	mem.AddUser(user)
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}},
		InsecureAuth: true,
		TLSConfig:    config,
		Logger:       log.New(io.Discard, "", 0),
	})
	t.Cleanup(func() { srv.Close() })
	plain := listen(t)
	secure := listen(t)
	go srv.Serve(plain)
	go srv.Serve(tls.NewListener(secure, config))
	return &testServer{
		name:  "memory",
		addr:  plain.Addr().String(),
		start: plain.Addr().String(),
		tls:   secure.Addr().String(),
		ca:    ca,
		user:  testUser,
	}
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

func options(addr string) Options {
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return Options{
		Name:     "support",
		Host:     host,
		Port:     n,
		TLS:      "none",
		User:     testUser,
		Password: testPassword,
		Idle:     time.Minute,
	}
}

func (s *testServer) options() Options {
	o := options(s.addr)
	o.User = s.user
	return o
}

func open(t *testing.T, o Options, readOnly bool) *Mailbox {
	t.Helper()
	m, err := Open(context.Background(), o, readOnly)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// admin returns a client of another user of the mailbox.
func (s *testServer) admin(t *testing.T) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialInsecure(s.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(s.user, testPassword).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *testServer) put(t *testing.T, folder string, raw []byte, at time.Time, flags ...imap.Flag) {
	t.Helper()
	c := s.admin(t)
	defer c.Close()
	appendTo(t, c, folder, raw, at, flags...)
}

// putAll delivers letters over one connection.
func (s *testServer) putAll(t *testing.T, folder string, raws [][]byte, at time.Time) {
	t.Helper()
	c := s.admin(t)
	defer c.Close()
	for _, raw := range raws {
		appendTo(t, c, folder, raw, at)
	}
}

func appendTo(t *testing.T, c *imapclient.Client, folder string, raw []byte, at time.Time, flags ...imap.Flag) {
	t.Helper()
	a := c.Append(folder, int64(len(raw)), &imap.AppendOptions{Flags: flags, Time: at})
	if _, err := a.Write(raw); err != nil {
		t.Fatal(err)
	}
	a.Close()
	if _, err := a.Wait(); err != nil {
		t.Fatal(err)
	}
}

type stored struct {
	uid   imap.UID
	flags []imap.Flag
	raw   string
	at    time.Time
}

func (m stored) has(f imap.Flag) bool {
	for _, g := range m.flags {
		if strings.EqualFold(string(g), string(f)) {
			return true
		}
	}
	return false
}

// look returns the messages in the folder.
func (s *testServer) look(t *testing.T, folder string) []stored {
	t.Helper()
	c := s.admin(t)
	defer c.Close()
	box, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		t.Fatal(err)
	}
	if box.NumMessages == 0 {
		return nil
	}
	list, err := c.Fetch(imap.UIDSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{
		UID: true, Flags: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}},
	}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	var all []stored
	for _, m := range list {
		all = append(all, stored{uid: m.UID, flags: m.Flags, raw: string(m.BodySection[0].Bytes), at: m.InternalDate})
	}
	return all
}

// letter returns a message of about size bytes.
func letter(n, size int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: ivan@example.org\r\nTo: support@example.ru\r\nSubject: letter %d\r\nMessage-ID: "+
		"<%d@example.org>\r\n\r\n", n, n)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "line %d of letter %d, which goes on for a while\r\n", i, n)
	}
	return b.Bytes()
}

// tap is a connection to a server that records our commands and may break.
type tap struct {
	mu       sync.Mutex
	said     bytes.Buffer
	dials    int
	cutAfter int64                    // the first connection ends after so many bytes from the server; 0 = never
	rewrite  func(line string) string // of the server's lines
}

func (w *tap) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dials++
	left := int64(1) << 60
	if w.cutAfter > 0 && w.dials == 1 {
		left = w.cutAfter
	}
	return &tapConn{Conn: c, tap: w, left: left}, nil
}

// commands returns the names of the commands sent so far.
func (w *tap) commands() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for _, l := range strings.Split(strings.TrimSpace(w.said.String()), "\r\n") {
		f := strings.Fields(l)
		if len(f) < 2 || !strings.HasPrefix(f[0], "T") {
			continue
		}
		name := f[1]
		if name == "UID" {
			name += " " + f[2]
		}
		names = append(names, name)
	}
	return names
}

type tapConn struct {
	net.Conn
	tap  *tap
	left int64
	rest []byte // rewritten, not yet read
}

func (c *tapConn) Write(p []byte) (int, error) {
	c.tap.mu.Lock()
	c.tap.said.Write(p)
	c.tap.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *tapConn) Read(p []byte) (int, error) {
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	if c.left <= 0 {
		c.Conn.Close()
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.tap.rewrite == nil || n == 0 {
		return n, err
	}
	c.rest = []byte(c.tap.rewrite(string(p[:n])))
	n = copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, err
}
