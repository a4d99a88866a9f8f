package mail

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
)

// imapSession is one connection. The embedded session stores the mail. This type makes a mailbox opened by EXAMINE
// read-only, counts changes, lists special uses, and injects faults.
type imapSession struct {
	*imapmemserver.UserSession
	s        *IMAP
	conn     *imapserver.Conn
	inside   bool
	readOnly bool
	folder   string
}

func (s *IMAP) session(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
	_, inside := c.NetConn().(insideConn)
	sess := &imapSession{UserSession: imapmemserver.NewUserSession(s.user), s: s, conn: c, inside: inside}
	if err := sess.begin("CONNECT", "", false); err != nil {
		return nil, nil, err
	}
	return sess, &imapserver.GreetingData{PreAuth: inside}, nil
}

// begin counts a command and returns its injected fault.
func (x *imapSession) begin(command, arg string, writes bool) error {
	if x.inside {
		return nil
	}
	x.s.mu.Lock()
	x.s.commands[command]++
	f := x.s.inject
	x.s.mu.Unlock()
	if f != nil {
		if err := x.s.asking.ask(f, command, arg); err != nil {
			if errors.Is(err, ErrDrop) {
				_ = x.conn.NetConn().Close()
			}
			return err
		}
	}
	if writes && x.readOnly {
		return no("Mailbox is read-only")
	}
	if writes {
		x.wrote()
	}
	return nil
}

func (x *imapSession) wrote() {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if !x.inside {
		x.s.writes++
	}
}

func no(text string) error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Text: text}
}

// Login implements imapserver.Session.
func (x *imapSession) Login(user, password string) error {
	if err := x.begin("LOGIN", user, false); err != nil {
		return err
	}
	return x.UserSession.Login(user, password)
}

// AuthenticateMechanisms implements imapserver.SessionSASL.
func (x *imapSession) AuthenticateMechanisms() []string {
	if x.s.o.Mechanisms != nil {
		return x.s.o.Mechanisms
	}
	return mechanisms
}

// Authenticate implements imapserver.SessionSASL.
func (x *imapSession) Authenticate(mech string) (sasl.Server, error) {
	server := accounts{x.Login, x.token}.server(mech)
	if server == nil || !slices.Contains(x.AuthenticateMechanisms(), mech) {
		return nil, no("SASL mechanism not supported")
	}
	return server, nil
}

// token logs in with a token. Without the Token option the password is the token.
func (x *imapSession) token(user, token string) error {
	if x.s.o.Token == nil {
		return x.Login(user, token)
	}
	if !x.s.o.Token(user, token) {
		_ = x.begin("LOGIN", user, false)
		return no("[AUTHENTICATIONFAILED] AUTHENTICATE failed.")
	}
	return x.Login(user, x.s.o.Password)
}

// Select implements imapserver.Session.
func (x *imapSession) Select(folder string, o *imap.SelectOptions) (*imap.SelectData, error) {
	command := "SELECT"
	if o.ReadOnly {
		command = "EXAMINE"
	}
	if err := x.begin(command, folder, false); err != nil {
		return nil, err
	}
	d, err := x.UserSession.Select(folder, o)
	if err != nil {
		return nil, err
	}
	x.folder = folder
	if x.readOnly = o.ReadOnly; x.readOnly {
		d.PermanentFlags = nil
	}
	return d, nil
}

// Unselect implements imapserver.Session.
func (x *imapSession) Unselect() error {
	x.readOnly = false
	return x.UserSession.Unselect()
}

// List implements imapserver.Session.
//
// QUIRK: the embedded server ignores the special use given at creation, so the list is built here (go-imap
// v2.0.0-beta.8).
func (x *imapSession) List(w *imapserver.ListWriter, ref string, patterns []string, o *imap.ListOptions) error {
	if err := x.begin("LIST", "", false); err != nil {
		return err
	}
	if len(patterns) == 0 {
		return w.WriteList(&imap.ListData{Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}, Delim: '/'})
	}
	for _, d := range x.s.folders() {
		matches := func(p string) bool { return imapserver.MatchList(d.Mailbox, d.Delim, ref, p) }
		if !slices.ContainsFunc(patterns, matches) || o.SelectSpecialUse && len(d.Attrs) == 0 {
			continue
		}
		if o.ReturnStatus != nil {
			status, err := x.s.user.Status(d.Mailbox, o.ReturnStatus)
			if err != nil {
				return err
			}
			d.Status = status
		}
		if err := w.WriteList(&d); err != nil {
			return err
		}
	}
	return nil
}

func (s *IMAP) folders() []imap.ListData {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ds []imap.ListData
	for name, use := range s.special {
		d := imap.ListData{Mailbox: name, Delim: '/'}
		if use != "" {
			d.Attrs = []imap.MailboxAttr{use}
		}
		ds = append(ds, d)
	}
	slices.SortFunc(ds, func(a, b imap.ListData) int { return cmp.Compare(a.Mailbox, b.Mailbox) })
	return ds
}

// Status implements imapserver.Session.
func (x *imapSession) Status(folder string, o *imap.StatusOptions) (*imap.StatusData, error) {
	if err := x.begin("STATUS", folder, false); err != nil {
		return nil, err
	}
	return x.UserSession.Status(folder, o)
}

// Search implements imapserver.Session.
func (x *imapSession) Search(kind imapserver.NumKind, c *imap.SearchCriteria,
	o *imap.SearchOptions) (*imap.SearchData, error) {
	if err := x.begin("SEARCH", "", false); err != nil {
		return nil, err
	}
	return x.UserSession.Search(kind, c, o)
}

// Fetch implements imapserver.Session. A BODY[] without PEEK changes the message, but not in a read-only mailbox.
func (x *imapSession) Fetch(w *imapserver.FetchWriter, set imap.NumSet, o *imap.FetchOptions) error {
	marks := false
	for i, section := range o.BodySection {
		if !section.Peek && x.readOnly {
			peek := *section
			peek.Peek = true
			o.BodySection[i] = &peek
		}
		marks = marks || !section.Peek
	}
	if err := x.begin("FETCH", fmt.Sprint(set), marks && !x.readOnly); err != nil {
		return err
	}
	for name, asked := range map[string]bool{"ENVELOPE": o.Envelope, "BODYSTRUCTURE": o.BodyStructure != nil} {
		if asked {
			if err := x.begin(name, fmt.Sprint(set), false); err != nil {
				return err
			}
		}
	}
	if len(o.BodySection) > 0 && !marks {
		rest, err := x.fetchOdd(w, set, o)
		if uids, ok := rest.(imap.UIDSet); err != nil || ok && len(uids) == 0 {
			return err
		}
		set = rest
	}
	return x.UserSession.Fetch(w, set, o)
}
