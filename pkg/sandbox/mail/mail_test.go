package mail

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	gosmtp "github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
)

const sample = "From: ivan@example.org\r\nTo: support@example.ru\r\nSubject: printer\r\n\r\nIt is on fire.\r\n"

func newIMAP(t *testing.T, o IMAPOptions) *IMAP {
	t.Helper()
	s, err := NewIMAP(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func dialIMAP(t *testing.T, addr string) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialInsecure(addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Login("user", "password").Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIMAPReadOnlyMailboxIsNotWritten(t *testing.T) {
	s := newIMAP(t, IMAPOptions{})
	if _, err := s.Append("INBOX", []byte(sample), time.Time{}); err != nil {
		t.Fatal(err)
	}
	c := dialIMAP(t, s.Addr())
	if _, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		t.Fatal(err)
	}
	body := &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}}
	if _, err := c.Fetch(imap.UIDSetNum(1), body).Collect(); err != nil {
		t.Fatal(err)
	}
	seen := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}}
	if err := c.Store(imap.UIDSetNum(1), seen, nil).Close(); err == nil {
		t.Error("STORE in a mailbox opened by EXAMINE: no error")
	}
	if err := c.UnselectAndExpunge().Wait(); err != nil {
		t.Errorf("CLOSE: %v", err)
	}
	if s.Writes() != 0 || s.Messages("INBOX")[0].Seen {
		t.Errorf("writes %d, seen %v", s.Writes(), s.Messages("INBOX")[0].Seen)
	}
}

func TestIMAPCountsWrites(t *testing.T) {
	s := newIMAP(t, IMAPOptions{})
	for range 3 {
		if _, err := s.Append("INBOX", []byte(sample), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	c := dialIMAP(t, s.Addr())
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Fetch(imap.UIDSetNum(1),
		&imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect(); err != nil {
		t.Fatal(err)
	}
	if s.Writes() != 0 {
		t.Errorf("after PEEK: %d writes", s.Writes())
	}
	if _, err := c.Fetch(imap.UIDSetNum(1),
		&imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}}).Collect(); err != nil {
		t.Fatal(err)
	}
	seen := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}
	if err := c.Store(imap.UIDSetNum(2), seen, nil).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Move(imap.UIDSetNum(3), "Sent").Wait(); err != nil {
		t.Fatal(err)
	}
	if s.Writes() != 3 {
		t.Errorf("after BODY[], STORE and MOVE: %d writes", s.Writes())
	}
	if got := s.Messages("Sent"); len(got) != 1 || string(got[0].Raw) != sample {
		t.Errorf("Sent: %v", got)
	}
	if n := s.Commands()["FETCH"]; n != 2 {
		t.Errorf("FETCH counted %d times", n)
	}
}

func TestIMAPListsSpecialUse(t *testing.T) {
	s := newIMAP(t, IMAPOptions{})
	c := dialIMAP(t, s.Addr())
	list, err := c.List("", "*", &imap.ListOptions{ReturnSpecialUse: true}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	var sent string
	for _, d := range list {
		for _, a := range d.Attrs {
			if a == imap.MailboxAttrSent {
				sent = d.Mailbox
			}
		}
	}
	if sent != "Sent" || len(list) != 2 {
		t.Errorf("LIST: %v", list)
	}
}

func TestIMAPNoMove(t *testing.T) {
	s := newIMAP(t, IMAPOptions{NoMove: true, NoUIDPlus: true})
	c := dialIMAP(t, s.Addr())
	if c.Caps().Has(imap.CapMove) || c.Caps().Has(imap.CapUIDPlus) {
		t.Error("MOVE or UIDPLUS is advertised")
	}
}

func TestIMAPRecreateRemoveInject(t *testing.T) {
	s := newIMAP(t, IMAPOptions{})
	for range 2 {
		if _, err := s.Append("INBOX", []byte(sample), time.Date(2026, 8, 20, 12, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Remove("INBOX", 1); err != nil {
		t.Fatal(err)
	}
	if err := s.SetFlags("INBOX", []uint32{2}, `\Seen`); err != nil {
		t.Fatal(err)
	}
	before := s.UIDValidity("INBOX")
	if err := s.Recreate("INBOX"); err != nil {
		t.Fatal(err)
	}
	got := s.Messages("INBOX")
	if len(got) != 1 || got[0].UID != 1 || !got[0].Seen || got[0].Received.Hour() != 12 ||
		s.UIDValidity("INBOX") == before {
		t.Errorf("after Recreate: %+v, UIDVALIDITY %d, before %d", got, s.UIDValidity("INBOX"), before)
	}
	if s.Writes() != 0 {
		t.Errorf("the test's own changes count as %d writes", s.Writes())
	}
	s.Inject(func(command, arg string) error {
		if command == "SELECT" && arg == "INBOX" {
			return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "Try again"}
		}
		if command == "LIST" {
			return ErrDrop
		}
		return nil
	})
	c := dialIMAP(t, s.Addr())
	if _, err := c.Select("INBOX", nil).Wait(); err == nil || !strings.Contains(err.Error(), "Try again") {
		t.Errorf("SELECT: %v", err)
	}
	if _, err := c.List("", "*", nil).Collect(); err == nil {
		t.Error("LIST after a drop: no error")
	}
}

type bearer struct{ user, token string }

func (b bearer) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + b.user + "\x01auth=Bearer " + b.token + "\x01\x01"), nil
}
func (b bearer) Next([]byte) ([]byte, error) { return []byte{}, nil }

func TestIMAPTLSAndXOAUTH2(t *testing.T) {
	cert, ca, err := Certificate()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	for _, start := range []bool{false, true} {
		s := newIMAP(t, IMAPOptions{
			User:     "u@example.ru",
			Password: "token",
			TLS:      &tls.Config{Certificates: []tls.Certificate{cert}},
			StartTLS: start,
		})
		dial := imapclient.DialTLS
		if start {
			dial = imapclient.DialStartTLS
		}
		for token, right := range map[string]bool{"token": true, "wrong": false} {
			c, err := dial(s.Addr(), &imapclient.Options{TLSConfig: &tls.Config{
				RootCAs:    roots,
				ServerName: "localhost",
			}})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Authenticate(bearer{"u@example.ru", token}); (err == nil) != right {
				t.Errorf("starttls %v, token %q: %v", start, token, err)
			}
			_ = c.Close()
		}
	}
}

func newSMTP(t *testing.T, o SMTPOptions) *SMTP {
	t.Helper()
	s, err := NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSMTPKeepsLetters(t *testing.T) {
	s := newSMTP(t, SMTPOptions{User: "support", Password: "secret"})
	host, _, _ := net.SplitHostPort(s.Addr())
	if err := smtp.SendMail(s.Addr(), nil, "a@example.ru", []string{"b@example.org"}, []byte(sample)); err == nil {
		t.Error("without login: no error")
	}
	if err := smtp.SendMail(s.Addr(), smtp.PlainAuth("", "support", "wrong", host), "a@example.ru",
		[]string{"b@example.org"}, []byte(sample)); err == nil {
		t.Error("with a wrong password: no error")
	}
	if err := smtp.SendMail(s.Addr(), smtp.PlainAuth("", "support", "secret", host), "",
		[]string{"b@example.org", "c@example.org"}, []byte(sample)); err != nil {
		t.Fatal(err)
	}
	got := s.Letters()
	if len(got) != 1 || got[0].From != "" || string(got[0].Raw) != sample {
		t.Fatalf("letters: %+v", got)
	}
	if diff := cmp.Diff([]string{"b@example.org", "c@example.org"}, got[0].To); diff != "" {
		t.Error(diff)
	}
}

func TestSMTPFaults(t *testing.T) {
	tests := []struct {
		stage   string
		err     error
		letters int
		code    string
	}{
		{"connect", &gosmtp.SMTPError{Code: 421, Message: "busy"}, 0, "421"},
		{"mail", &gosmtp.SMTPError{Code: 451, Message: "later"}, 0, "451"},
		{"rcpt", &gosmtp.SMTPError{Code: 550, Message: "no such user"}, 0, "550"},
		{"data", &gosmtp.SMTPError{Code: 452, Message: "full"}, 0, "452"},
		{"data", ErrDrop, 0, ""},
		{"reply", ErrDrop, 1, ""},
	}
	for _, tt := range tests {
		s := newSMTP(t, SMTPOptions{})
		s.Inject(func(stage, _ string) error {
			if stage == tt.stage {
				return tt.err
			}
			return nil
		})
		err := smtp.SendMail(s.Addr(), nil, "a@example.ru", []string{"b@example.org"}, []byte(sample))
		if err == nil || !strings.Contains(err.Error(), tt.code) {
			t.Errorf("%s: %v", tt.stage, err)
		}
		if n := len(s.Letters()); n != tt.letters {
			t.Errorf("%s: %d letters", tt.stage, n)
		}
	}
}

// exchange sends everything at once and returns the whole response.
func exchange(t *testing.T, addr, send string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.WriteString(conn, send)
	got, _ := io.ReadAll(conn)
	return string(got)
}

func TestProxy(t *testing.T) {
	s := newIMAP(t, IMAPOptions{})
	p, err := NewProxy(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })

	p.DropNext()
	if c, err := imapclient.DialInsecure(p.Addr(), nil); err == nil {
		if err := c.WaitGreeting(); err == nil {
			t.Error("DropNext: a greeting came")
		}
		_ = c.Close()
	}

	// This does not use the client library, which has a data race for a literal that ends early (go-imap
	// v2.0.0-beta.8).
	p.CutAfter(10)
	if got := exchange(t, p.Addr(), "a LOGIN user password\r\n"); len(got) != 10 {
		t.Errorf("CutAfter: %d bytes came: %q", len(got), got)
	}
	p.CutUploadAfter(4)
	s.ResetCounts()
	if got := exchange(t, p.Addr(), "a LOGIN user password\r\nb LOGOUT\r\n"); strings.Contains(got, "a OK") ||
		s.Commands()["LOGIN"] != 0 {
		t.Errorf("CutUploadAfter: %q", got)
	}

	p.Rewrite(func(line []byte) []byte { return []byte(strings.ReplaceAll(string(line), " MOVE", "")) })
	if c := dialIMAP(t, p.Addr()); c.Caps().Has(imap.CapMove) {
		t.Error("Rewrite: MOVE is still there")
	}

	p.Stall()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	var timeout net.Error
	if _, err := conn.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("Stall: %v", err)
	}
	p.Resume()
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Errorf("Resume: %v", err)
	}
}

// TestIMAPGivesOutWhatWasPutIn checks that a message is returned byte for byte, even if it is malformed or copied.
func TestIMAPGivesOutWhatWasPutIn(t *testing.T) {
	for _, raw := range []string{sample, "", "no header at all", "From: a@b\r\nno colon\r\nSubject: x\r\n\r\nTEXT\r\n",
		"From: a@b\nSubject: x\n\nTEXT\n",
		"From: a@b\r\r\nSubject: x\r\r\n\r\r\nTEXT", "subject:   x  \r\n\r\n", "\r\nTEXT",
		"From: \xcf\xf0\r\n\xd2\r\n\r\n\x00\xff"} {
		s := newIMAP(t, IMAPOptions{})
		if _, err := s.Append("INBOX", []byte(raw), time.Time{}); err != nil {
			t.Fatal(err)
		}
		c := dialIMAP(t, s.Addr())
		put := c.Append("INBOX", int64(len(raw)), nil)
		if _, err := put.Write([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		if err := put.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := put.Wait(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		header := &imap.FetchItemBodySection{Peek: true, Specifier: imap.PartSpecifierHeader}
		got, err := c.Fetch(imap.UIDSetNum(1, 2), &imap.FetchOptions{
			UID:         true,
			BodySection: []*imap.FetchItemBodySection{header},
		}).Collect()
		if err != nil || len(got) != 2 {
			t.Fatalf("%q: %v, %v", raw, got, err)
		}
		for _, m := range got {
			if b := m.FindBodySection(header); !strings.HasPrefix(raw, string(b)) {
				t.Errorf("%q: header %q", raw, b)
			}
		}
		if _, err := c.Move(imap.UIDSetNum(1), "Sent").Wait(); err != nil {
			t.Fatal(err)
		}
		for _, folder := range []string{"INBOX", "Sent"} {
			all := s.Messages(folder)
			if len(all) != 1 || string(all[0].Raw) != raw {
				t.Errorf("%q: in %s there is %+v", raw, folder, all)
			}
		}
	}
}
