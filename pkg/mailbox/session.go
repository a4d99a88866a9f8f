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
// drains them in turn; two SEARCHes get each other's answers. Therefore only one command is in flight at a time.
type session struct {
	client *imapclient.Client
	conn   *wire.Conn
	guard  *guard
	idle   time.Duration
	where  string // host:port, for errors

	// QUIRK: go-imap's Client.Mailbox may still be nil when Select has returned, because go-imap ends the wait before
	// it sets the mailbox (completeCommand). So the selected folder is recorded here.
	folder   string // the selected folder; "" = nothing selected
	messages uint32 // messages in the folder when it was selected
}

// begin starts waiting for the server, which may be silent for at most the idle time. The end of ctx closes the
// connection, since go-imap does not support contexts. The returned function ends the wait.
func (s *session) begin(ctx context.Context) func() {
	s.conn.Expect(s.idle)
	release := s.conn.Bind(ctx)
	return func() {
		release()
		s.conn.Rest()
		s.guard.rest()
	}
}

// why returns the cause of an error of go-imap, which reports a timeout or our own closing as "unexpected EOF".
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

// byeError is a server's BYE.
type byeError struct{ said string }

func (e *byeError) Error() string { return "the server says good-bye: " + e.said }

// leaves reports whether the server ended the connection for reasons of its own, not because of our command.
func leaves(err error) bool {
	var bye *byeError
	return errors.As(err, &bye) && (strings.HasPrefix(bye.said, "[UNAVAILABLE]") || wire.Busy(bye.said))
}

// answered reports whether err is the server's own refusal; after any other error the connection is unusable.
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

// drop closes the connection without a logout.
func (s *session) drop() {
	_ = s.conn.Close()
	_ = s.client.Close() // returns when the reader has ended; by now every literal has been read or has failed
}

// close sends LOGOUT and does not wait for the answer, which would cost a round trip in every pass.
func (s *session) close() {
	if s.dead() {
		s.drop()
		return
	}
	s.conn.Expect(s.idle)
	s.client.Logout()
	_ = s.client.Close() // sends the end of TLS before the connection is closed
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

// folders returns the names of some folders of the server, for a hint. The caller must have called begin.
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

// maxFolders is how many of a server's folders are kept.
const maxFolders = 5000

// list returns the folders of the server. The caller must have called begin.
func (s *session) list(o *imap.ListOptions) (all []*imap.ListData, err error) {
	cmd := s.client.List("", "*", o)
	for f := cmd.Next(); f != nil; f = cmd.Next() {
		if len(all) < maxFolders {
			all = append(all, f)
		}
	}
	return all, cmd.Close()
}

// fetch runs one FETCH to its end even if take fails, because an unread answer would block the connection.
func (s *session) fetch(ctx context.Context, uids imap.UIDSet, items *imap.FetchOptions,
	take func(*imapclient.FetchMessageData) error) error {
	defer s.begin(ctx)()
	cmd := s.client.Fetch(uids, items)
	var own error
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		err := take(msg)
		if errors.Is(err, spool.ErrShort) {
			// QUIRK: another Read of a literal that has ended makes go-imap read the connection concurrently with its
			// own reader (a data race). The connection is lost anyhow.
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
// QUIRK: Gmail's OVERQUOTA is about commands and bandwidth (ljmerza/ha-email-sensor#16). Exchange Online throttles
// without a code (ikvk/imap_tools#135), and other servers report their load in words only.
func temporary(err error) bool {
	var e *imap.Error
	if !errors.As(err, &e) {
		return false
	}
	return coded(err) || wire.Busy(e.Text)
}

// vague reports whether a refusal may be about one message or about the whole server: some servers answer "internal
// error" for a message that they can't read.
func vague(err error) bool { return strings.Contains(strings.ToLower(err.Error()), "internal") }

// coded reports whether the response code says that a refusal will pass.
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

// passing adds advice to a refusal that the server's load may have caused.
func passing(err error) error {
	if answered(err) {
		return fmt.Errorf("%w; %s", err, wire.BusyAdvice)
	}
	return err
}

// missing reports whether the folder does not exist. QUIRK: many servers refuse a missing folder without a code (RFC
// 5530 is younger), so missing asks for its STATUS.
func (s *session) missing(ctx context.Context, folder string) bool {
	defer s.begin(ctx)()
	_, err := s.client.Status(folder, &imap.StatusOptions{UIDNext: true}).Wait()
	return answered(err) && !temporary(err)
}
