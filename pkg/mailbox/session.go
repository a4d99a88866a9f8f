package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/spool"
	"helpdesk/pkg/wire"
)

// session is one logged-in connection.
//
// QUIRK: with two FETCHes in flight Dovecot sends the second's data before the first's OK, which blocks a reader that
// drains them in turn, and two SEARCHes get each other's answers: one command in flight, always.
type session struct {
	client *imapclient.Client
	conn   *wire.Conn
	guard  *guard
	idle   time.Duration
	where  string // host:port, for errors

	// QUIRK: go-imap's Client.Mailbox may still be nil when Select has returned: it ends the wait before it notes the
	// mailbox (completeCommand). So what is selected is kept here.
	folder   string // that is selected; "" = none
	messages uint32 // in it when it was selected
}

// begin starts waiting for the server: it may be silent for the idle time at most, and the end of ctx ends the
// connection, since go-imap knows no contexts. The returned function ends the wait.
func (s *session) begin(ctx context.Context) func() {
	s.conn.Expect(s.idle)
	release := s.conn.Bind(ctx)
	return func() {
		release()
		s.conn.Rest()
		s.guard.rest()
	}
}

// why returns the reason behind an error that go-imap reports: it hides a timeout or our own closing behind "unexpected
// EOF".
func (s *session) why(err error) error {
	if err == nil || answered(err) {
		return err
	}
	if cause := s.conn.Failure(); cause != nil && !errors.Is(cause, io.EOF) {
		return cause
	}
	if bye := s.guard.goodBye(); bye != "" {
		return &byeError{glyph.Cut(glyph.Line(bye), 300)}
	}
	return fmt.Errorf("connection lost: %w", err)
}

// byeError is a server's good-bye.
type byeError struct{ said string }

func (e *byeError) Error() string { return "the server says good-bye: " + e.said }

// leaves reports whether the server ended the connection for reasons of its own, and not over what it was asked.
func leaves(err error) bool {
	var bye *byeError
	return errors.As(err, &bye) && (strings.HasPrefix(bye.said, "[UNAVAILABLE]") || wire.Busy(bye.said))
}

// answered reports whether err is the server's own refusal; after any other the connection is of no use.
func answered(err error) bool {
	var e *imap.Error
	return errors.As(err, &e)
}

func (s *session) dead() bool {
	select {
	case <-s.client.Closed():
		return true
	default:
		return s.conn.Failure() != nil
	}
}

// drop closes the connection without a word.
func (s *session) drop() {
	_ = s.conn.Close()
	_ = s.client.Close() // returns once the reader has ended; every literal has been read or has failed by now
}

// close says good-bye and waits for no answer: nothing depends on it, and it would be a round trip of every pass.
func (s *session) close() {
	if s.dead() {
		s.drop()
		return
	}
	s.conn.Expect(s.idle)
	s.client.Logout()
	_ = s.client.Close() // with TLS, its own end goes out before the connection's
	_ = s.conn.Close()
}

// open selects the folder and returns its UIDVALIDITY.
func (s *session) open(ctx context.Context, folder string, readOnly bool) (uint32, error) {
	defer s.begin(ctx)()
	data, err := s.client.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
	if err == nil {
		s.folder, s.messages = folder, data.NumMessages
		return data.UIDValidity, nil
	}
	err = fmt.Errorf("select %s: %w", folder, s.why(err))
	if !answered(err) || temporary(err) {
		return 0, fault.Away(fault.Refused, passing(err))
	}
	return 0, fault.Misconfigured(fmt.Errorf("%w; set imap.folder to one the server has: %s", err, s.folders()))
}

// folders names some of the folders of the server, for a hint; a begin must be open.
func (s *session) folders() string {
	list, err := s.list(nil)
	if err != nil {
		return "(it does not say which)"
	}
	var names []string
	for _, f := range list {
		names = append(names, glyph.Line(f.Mailbox))
	}
	slices.Sort(names)
	if len(names) > 20 {
		names = append(names[:20], "…")
	}
	return strings.Join(names, ", ")
}

// maxFolders is how many folders of a server are looked at.
const maxFolders = 5000

// list returns the folders of the server; a begin must be open.
func (s *session) list(o *imap.ListOptions) (all []*imap.ListData, err error) {
	cmd := s.client.List("", "*", o)
	for f := cmd.Next(); f != nil; f = cmd.Next() {
		if len(all) < maxFolders {
			all = append(all, f)
		}
	}
	return all, cmd.Close()
}

// fetch runs one FETCH to its end, whatever take says: an unread answer would block the connection.
func (s *session) fetch(ctx context.Context, uids imap.UIDSet, items *imap.FetchOptions,
	take func(*imapclient.FetchMessageData) error) error {
	defer s.begin(ctx)()
	cmd := s.client.Fetch(uids, items)
	var own error
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		err := take(msg)
		if errors.Is(err, spool.ErrShort) {
			// QUIRK: asked for more, go-imap reads on in a literal that has ended, at the same time as its own reader
			// does (a data race). The connection is lost anyhow.
			s.conn.Fail(err)
			return err
		}
		if own == nil {
			own = err
		}
	}
	if err := cmd.Close(); err != nil {
		return s.why(err)
	}
	return own
}

func (s *session) listed(ctx context.Context) string {
	defer s.begin(ctx)()
	return s.folders()
}

// has reports whether the server has the capability.
func (s *session) has(ctx context.Context, c imap.Cap) bool {
	defer s.begin(ctx)()
	return s.client.Caps().Has(c)
}

// temporary reports whether a refusal will pass by itself (RFC 5530, 3).
//
// QUIRK: Gmail's OVERQUOTA is about commands and bandwidth (ljmerza/ha-email-sensor#16); Exchange Online throttles
// without a code (ikvk/imap_tools#135), and others tell their load by words alone.
func temporary(err error) bool {
	var e *imap.Error
	if !errors.As(err, &e) {
		return false
	}
	return coded(err) || wire.Busy(e.Text)
}

// vague reports whether a refusal may speak of one message as well as of the whole server: "internal error" is all that
// some say of a message they can't read.
func vague(err error) bool { return strings.Contains(strings.ToLower(err.Error()), "internal") }

// coded reports whether the server says by a code that a refusal will pass.
func coded(err error) bool {
	var e *imap.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeServerBug, imap.ResponseCodeLimit,
		imap.ResponseCodeOverQuota:
		return true
	}
	return false
}

// passing says of a refusal for load what it may mean.
func passing(err error) error {
	if answered(err) {
		return fmt.Errorf("%w; %s", err, wire.BusyAdvice)
	}
	return err
}

// missing reports whether a refusal is about a folder that is not there. QUIRK: many servers say so without a code (RFC
// 5530 came after them), so the folder is asked for.
func (s *session) missing(ctx context.Context, folder string) bool {
	defer s.begin(ctx)()
	_, err := s.client.Status(folder, &imap.StatusOptions{UIDNext: true}).Wait()
	return answered(err) && !temporary(err)
}
