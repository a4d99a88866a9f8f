package mail

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// odd is a message that the embedded server would not return unchanged.
//
// QUIRK: it rewrites headers, and returns no body for a malformed header (go-imap v2.0.0-beta.8).
type odd struct {
	raw []byte
	at  time.Time
}

// oddPlace is the location of an odd message.
type oddPlace struct {
	folder string
	uid    imap.UID
}

// headerEnd returns the length of a message's header including the blank line.
func headerEnd(raw []byte) int {
	at := 0
	for line := range bytes.Lines(raw) {
		at += len(line)
		if len(bytes.Trim(line, "\r\n")) == 0 {
			break
		}
	}
	return at
}

// part returns a section of a message byte for byte. ok is false for a section smaller than the header or the body.
func (o odd) part(section *imap.FetchItemBodySection) (b []byte, ok bool) {
	if len(section.Part) > 0 || len(section.HeaderFields) > 0 || len(section.HeaderFieldsNot) > 0 ||
		section.Partial != nil {
		return nil, false
	}
	end := headerEnd(o.raw)
	switch section.Specifier {
	case imap.PartSpecifierNone:
		return o.raw, true
	case imap.PartSpecifierHeader:
		return o.raw[:end], true
	case imap.PartSpecifierText:
		return o.raw[end:], true
	}
	return nil, false
}

// isOdd reports whether the embedded server would return something else.
func (o odd) isOdd() bool {
	for _, s := range []imap.PartSpecifier{imap.PartSpecifierNone, imap.PartSpecifierHeader} {
		section := &imap.FetchItemBodySection{Specifier: s}
		if want, _ := o.part(section); !bytes.Equal(imapserver.ExtractBodySection(bytes.NewReader(o.raw), section),
			want) {
			return true
		}
	}
	return false
}

// keep records an added message if it is odd.
func (s *IMAP) keep(folder string, uid imap.UID, o odd) {
	if !o.isOdd() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.odd[oddPlace{folder, uid}] = o
}

// forget drops the records of a folder, or moves them to its new name if renamed is not "".
func (s *IMAP) forget(folder, renamed string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, o := range maps.Clone(s.odd) {
		if p.folder != folder {
			continue
		}
		delete(s.odd, p)
		if renamed != "" {
			s.odd[oddPlace{renamed, p.uid}] = o
		}
	}
}

// oddIn returns the odd messages of a folder.
func (s *IMAP) oddIn(folder string) map[imap.UID]odd {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all map[imap.UID]odd
	for p, o := range s.odd {
		if p.folder == folder {
			if all == nil {
				all = map[imap.UID]odd{}
			}
			all[p.uid] = o
		}
	}
	return all
}

// copied records the copies of odd messages under their new UIDs.
func (x *imapSession) copied(to string, from, uids []imap.UID) {
	all := x.s.oddIn(x.folder)
	for i, uid := range from {
		if o, ok := all[uid]; ok && i < len(uids) {
			x.s.keep(to, uids[i], o)
		}
	}
}

// uids returns the UIDs of the messages in a set, in order.
func (x *imapSession) uids(set imap.NumSet) []imap.UID {
	c := &imap.SearchCriteria{}
	switch set := set.(type) {
	case imap.UIDSet:
		c.UID = []imap.UIDSet{set}
	case imap.SeqSet:
		c.SeqNum = []imap.SeqSet{set}
	}
	d, err := x.UserSession.Search(imapserver.NumKindUID, c, &imap.SearchOptions{ReturnAll: true})
	if err != nil {
		return nil
	}
	return d.AllUIDs()
}

// fetchOdd answers a FETCH of whole messages or headers for the odd messages. It returns the rest of the set, for the
// embedded server.
func (x *imapSession) fetchOdd(w *imapserver.FetchWriter, set imap.NumSet,
	o *imap.FetchOptions) (rest imap.NumSet, err error) {
	all := x.s.oddIn(x.folder)
	if len(all) == 0 || o.Envelope || o.BodyStructure != nil || len(o.BinarySection) > 0 ||
		len(o.BinarySectionSize) > 0 {
		return set, nil
	}
	var others imap.UIDSet
	for _, uid := range x.uids(set) {
		message, isOdd := all[uid]
		if !isOdd {
			others.AddNum(uid)
			continue
		}
		if err := x.writeOdd(w, uid, message, o); err != nil {
			return nil, err
		}
	}
	return others, nil
}

func (x *imapSession) writeOdd(w *imapserver.FetchWriter, uid imap.UID, message odd, o *imap.FetchOptions) error {
	d, err := x.UserSession.Search(imapserver.NumKindSeq,
		&imap.SearchCriteria{UID: []imap.UIDSet{imap.UIDSetNum(uid)}}, &imap.SearchOptions{ReturnAll: true})
	if err != nil {
		return err
	}
	for _, seq := range d.AllSeqNums() {
		m := w.CreateMessage(seq)
		m.WriteUID(uid)
		if o.Flags {
			m.WriteFlags(x.flags(uid))
		}
		if o.InternalDate {
			m.WriteInternalDate(message.at)
		}
		if o.RFC822Size {
			m.WriteRFC822Size(int64(len(message.raw)))
		}
		for _, section := range o.BodySection {
			b, ok := message.part(section)
			if !ok {
				b = imapserver.ExtractBodySection(bytes.NewReader(message.raw), section)
			}
			body := m.WriteBodySection(section, int64(len(b)))
			if _, err := body.Write(b); err != nil {
				return err
			}
			if err := body.Close(); err != nil {
				return err
			}
		}
		if err := m.Close(); err != nil {
			return err
		}
	}
	return nil
}

// flags returns the flags of a message.
func (x *imapSession) flags(uid imap.UID) (set []imap.Flag) {
	x.s.mu.Lock()
	names := slices.Sorted(maps.Keys(x.s.flagNames))
	x.s.mu.Unlock()
	for _, f := range append(names, imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted,
		imap.FlagDraft) {
		c := &imap.SearchCriteria{UID: []imap.UIDSet{imap.UIDSetNum(uid)}, Flag: []imap.Flag{f}}
		if d, err := x.UserSession.Search(imapserver.NumKindUID, c,
			&imap.SearchOptions{ReturnAll: true}); err == nil && len(d.AllUIDs()) > 0 {
			set = append(set, f)
		}
	}
	return set
}

// named records flag names, since the embedded server does not list them.
func (s *IMAP) named(flags []imap.Flag) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range flags {
		if f != "" && f[0] != '\\' {
			s.flagNames[f] = true
		}
	}
}
