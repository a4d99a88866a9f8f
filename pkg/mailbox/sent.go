package mailbox

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"helpdesk/pkg/fault"
)

// AutoSent stands for the server's own folder of sent mail.
const AutoSent = "auto"

// sentNames lists the usual names of that folder, one per line, for servers that don't mark it (RFC 6154 is optional).
//
//go:embed sent.txt
var sentNames string

// searchWait bounds a search in the Sent folder: a server without an index reads all of it.
const searchWait = 10 * time.Second

var errNoSent = errors.New("the server has no folder for sent mail that we know")

// InSent reports whether a letter with that Message-ID (without <>) is in the server's folder of sent mail. The result
// is a hint: it is false without an error if there is no such folder. If the server does not answer within searchWait,
// InSent returns an error, which the caller may ignore.
func (m *Mailbox) InSent(ctx context.Context, id string) (bool, error) {
	if id == "" || !ascii(id) || strings.ContainsAny(id, "\"\\<>") {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, searchWait)
	defer cancel()
	s, err := m.beside(ctx)
	if err != nil {
		return false, err
	}
	folder, err := m.sentFolder(ctx, s)
	if errors.Is(err, errNoSent) {
		return false, nil
	}
	if err != nil {
		return false, fault.Away(fault.Refused, err)
	}
	return s.holds(ctx, folder, id)
}

// Holds reports whether a letter with that Message-ID (without <>) is in the folder; AutoSent is the server's own.
func (m *Mailbox) Holds(ctx context.Context, folder, id string) (bool, error) {
	folder, err := m.Folder(ctx, folder)
	if err != nil {
		return false, fmt.Errorf("save letter: %w", err)
	}
	s, err := m.beside(ctx)
	if err != nil {
		return false, err
	}
	return s.holds(ctx, folder, id)
}

// holds searches a folder, and leaves it selected.
func (s *session) holds(ctx context.Context, folder, id string) (bool, error) {
	if s.folder != folder {
		if _, err := s.open(ctx, folder, true); err != nil {
			return false, err
		}
	}
	defer s.begin(ctx)()
	// QUIRK: some servers compare the whole field, others search for a part of it; with <> both give the same result.
	what := &imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: "<" + id + ">"}}}
	data, err := s.client.UIDSearch(what, nil).Wait()
	if err = s.why(err); err != nil {
		err = fmt.Errorf("search %s: %w", folder, err)
		if answered(err) && !temporary(err) { // QUIRK: some servers refuse such a search, see search
			return false, fault.New(fault.Refused, err)
		}
		return false, fault.Away(fault.Refused, err)
	}
	return len(data.AllUIDs()) > 0, nil
}

// Save stores a copy of a letter in the folder (AutoSent for the server's own), marked as read and dated at.
func (m *Mailbox) Save(ctx context.Context, folder string, raw []byte, at time.Time) error {
	if m.readOnly {
		return fault.New(fault.Never, fmt.Errorf("save letter: %w", errReadOnly))
	}
	folder, err := m.Folder(ctx, folder)
	if err != nil {
		return fmt.Errorf("save letter: %w", err)
	}
	s, err := m.beside(ctx)
	if err != nil {
		return err
	}
	if err := s.append(ctx, folder, canonical(raw), at); err != nil {
		if answered(err) {
			return fault.New(fault.Refused, fmt.Errorf("save letter in %s: %w", folder, err))
		}
		return fault.Away(fault.Unsure, fmt.Errorf("save letter in %s: %w", folder, err))
	}
	return nil
}

// Folder returns the folder's name on the server, and resolves AutoSent. A folder that does not exist is fault.Setup.
// The main folder stays selected.
func (m *Mailbox) Folder(ctx context.Context, folder string) (string, error) {
	s, err := m.beside(ctx)
	if err != nil {
		return "", err
	}
	if folder == AutoSent {
		if folder, err = m.sentFolder(ctx, s); errors.Is(err, errNoSent) {
			return "", fault.Misconfigured(fmt.Errorf("%w; name it in smtp.save_sent", err))
		}
		if err != nil {
			return "", fault.Away(fault.Refused, err)
		}
	}
	// QUIRK: when a server refuses the literal of an APPEND, go-imap's connection is dead, so ask for the folder first.
	if s.missing(ctx, folder) {
		return "", fault.Misconfigured(fmt.Errorf("the server has no folder %s; it has %s", folder, s.listed(ctx)))
	}
	return folder, nil
}

func (s *session) append(ctx context.Context, folder string, raw []byte, at time.Time) error {
	defer s.begin(ctx)()
	cmd := s.client.Append(folder, int64(len(raw)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: at})
	_, copied := io.Copy(cmd, bytes.NewReader(raw))
	closed := cmd.Close()
	_, err := cmd.Wait()
	return s.why(firstOf(err, copied, closed))
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// canonical returns the letter with CRLF line ends and without NUL, as IMAP requires (RFC 9051, 4.3); Cyrus refuses
// other letters.
func canonical(raw []byte) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/64)
	for i, b := range raw {
		switch {
		case b == 0:
		case b == '\n' && (i == 0 || raw[i-1] != '\r'):
			out = append(out, '\r', '\n')
		case b == '\r' && (i+1 == len(raw) || raw[i+1] != '\n'):
			out = append(out, '\r', '\n')
		default:
			out = append(out, b)
		}
	}
	return out
}

// beside returns a second connection, so that the main folder stays selected on the first.
func (m *Mailbox) beside(ctx context.Context) (*session, error) {
	if m.o.Single {
		err := m.ready(ctx)
		return m.main, err
	}
	if m.side != nil && !m.side.dead() {
		return m.side, nil
	}
	if m.side != nil {
		m.side.drop()
	}
	s, err := dial(ctx, m.o)
	m.side = s
	return s, err
}

// sentFolder returns the server's folder of sent mail: the one marked so (RFC 6154), else one with a usual name.
func (m *Mailbox) sentFolder(ctx context.Context, s *session) (string, error) {
	if m.sent != "" {
		return m.sent, nil
	}
	var o *imap.ListOptions
	// QUIRK: go-imap asks for special uses even if the server does not support them.
	if s.has(ctx, imap.CapSpecialUse) && (s.has(ctx, imap.CapListExtended) || s.has(ctx, imap.CapIMAP4rev2)) {
		o = &imap.ListOptions{ReturnSpecialUse: true}
	}
	defer s.begin(ctx)()
	list, err := s.list(o)
	if err != nil {
		return "", fmt.Errorf("list folders: %w", s.why(err))
	}
	for _, f := range list {
		if slices.Contains(f.Attrs, imap.MailboxAttrSent) {
			m.sent = f.Mailbox
			return m.sent, nil
		}
	}
	for _, name := range strings.Split(strings.TrimSpace(sentNames), "\n") {
		for _, f := range list {
			if strings.EqualFold(f.Mailbox, name) {
				m.sent = f.Mailbox
				return m.sent, nil
			}
		}
	}
	return "", errNoSent
}
