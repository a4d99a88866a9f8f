package mail

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// Store implements imapserver.Session.
func (x *imapSession) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags,
	o *imap.StoreOptions) error {
	if err := x.begin("STORE", fmt.Sprint(set), true); err != nil {
		return err
	}
	x.s.named(flags.Flags)
	return x.UserSession.Store(w, set, flags, o)
}

// Copy implements imapserver.Session.
func (x *imapSession) Copy(set imap.NumSet, folder string) (*imap.CopyData, error) {
	// Copying from a read-only mailbox is allowed (RFC 9051, 6.3.3), but it is a write to the target.
	if err := x.begin("COPY", folder, false); err != nil {
		return nil, err
	}
	x.wrote()
	d, err := x.UserSession.Copy(set, folder)
	if err == nil {
		from, _ := d.SourceUIDs.Nums()
		to, _ := d.DestUIDs.Nums()
		x.copied(folder, from, to)
	}
	return d, err
}

// Move implements imapserver.SessionMove.
func (x *imapSession) Move(w *imapserver.MoveWriter, set imap.NumSet, folder string) error {
	if x.s.o.NoMove {
		return &imap.Error{Type: imap.StatusResponseTypeBad, Text: "Unknown command MOVE"}
	}
	if err := x.begin("MOVE", folder, true); err != nil {
		return err
	}
	from := x.uids(set)
	next, err := x.s.user.Status(folder, &imap.StatusOptions{UIDNext: true})
	if err := x.UserSession.Move(w, set, folder); err != nil {
		return err
	}
	if err == nil {
		to := make([]imap.UID, len(from))
		for i := range to {
			to[i] = next.UIDNext + imap.UID(i)
		}
		x.copied(folder, from, to)
	}
	return nil
}

// Expunge implements imapserver.Session. It is also called for CLOSE, with a zero writer. CLOSE changes nothing if no
// message is marked as deleted or the mailbox is read-only (RFC 9051, 6.4.1).
func (x *imapSession) Expunge(w *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	if *w == (imapserver.ExpungeWriter{}) && (x.readOnly || !x.anyDeleted()) {
		return x.begin("CLOSE", "", false)
	}
	if err := x.begin("EXPUNGE", "", true); err != nil {
		return err
	}
	return x.UserSession.Expunge(w, uids)
}

func (x *imapSession) anyDeleted() bool {
	d, err := x.UserSession.Search(imapserver.NumKindUID, &imap.SearchCriteria{Flag: []imap.Flag{imap.FlagDeleted}},
		&imap.SearchOptions{})
	return err == nil && d.Count > 0
}

// Append implements imapserver.Session.
func (x *imapSession) Append(folder string, r imap.LiteralReader, o *imap.AppendOptions) (*imap.AppendData, error) {
	if err := x.begin("APPEND", folder, false); err != nil {
		return nil, err
	}
	x.wrote()
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	at := o.Time
	if at.IsZero() {
		at = time.Now()
	}
	d, err := x.UserSession.Append(folder, bytes.NewReader(raw), o)
	if err == nil {
		x.s.named(o.Flags)
		x.s.keep(folder, d.UID, odd{raw, at})
	}
	return d, err
}

// Create implements imapserver.Session.
func (x *imapSession) Create(folder string, o *imap.CreateOptions) error {
	if err := x.begin("CREATE", folder, false); err != nil {
		return err
	}
	x.wrote()
	var use imap.MailboxAttr
	if o != nil && len(o.SpecialUse) > 0 {
		use = o.SpecialUse[0]
	}
	return x.s.CreateFolder(folder, use)
}

// Delete implements imapserver.Session.
func (x *imapSession) Delete(folder string) error {
	if err := x.begin("DELETE", folder, false); err != nil {
		return err
	}
	x.wrote()
	return x.s.DeleteFolder(folder)
}

// Rename implements imapserver.Session.
func (x *imapSession) Rename(from, to string, o *imap.RenameOptions) error {
	if err := x.begin("RENAME", from, false); err != nil {
		return err
	}
	x.wrote()
	if err := x.UserSession.Rename(from, to, o); err != nil {
		return err
	}
	x.s.forget(from, to)
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.special[to] = x.s.special[from]
	delete(x.s.special, from)
	return nil
}

// Subscribe implements imapserver.Session.
func (x *imapSession) Subscribe(folder string) error {
	if err := x.begin("SUBSCRIBE", folder, false); err != nil {
		return err
	}
	x.wrote()
	return x.UserSession.Subscribe(folder)
}

// Unsubscribe implements imapserver.Session.
func (x *imapSession) Unsubscribe(folder string) error {
	if err := x.begin("UNSUBSCRIBE", folder, false); err != nil {
		return err
	}
	x.wrote()
	return x.UserSession.Unsubscribe(folder)
}
