package desk

import "helpdesk/pkg/field"

// person returns the message with the real person as its sender, if our own address sent it on their behalf: a site's
// form, or a group that rewrites From. That person is the only address in Reply-To, or else in X-Original-From, that is
// neither ours nor our staff's. via reports whether there is such a person. The message is returned unchanged if there
// is none, or if the loop header or the Message-ID shows that we wrote it.
func (r *Rules) person(m *Message, s Signer) (as *Message, via bool) {
	_, _, ours := s.OwnID(m.ID)
	if ours || m.Header.Has(LoopHeader) || !r.isOwn(m.From.Addr) && !r.isOwn(m.Sender.Addr) {
		return m, false
	}
	who, ok := r.outsider(m.ReplyTo)
	if !ok && len(m.ReplyTo) == 0 {
		var original []Address
		for _, v := range m.Header.Values("X-Original-From") {
			original = append(original, Address{Addr: bareAddress(v)})
		}
		who, ok = r.outsider(original)
	}
	if !ok {
		return m, false
	}
	changed := *m
	changed.From = who
	return &changed, true
}

// outsider returns the only address in a list that is neither ours nor a specialist's. ok is false if there is none or
// more than one.
func (r *Rules) outsider(list []Address) (who Address, ok bool) {
	for _, a := range list {
		if _, domain := splitAddress(a.Key()); domain == "" || r.isOurs(a.Addr) || ok && a.Key() == who.Key() {
			continue
		}
		if ok {
			return Address{}, false
		}
		who, ok = a, true
	}
	return who, ok
}

func askVia(w *weighing) (string, bool) {
	if !w.via {
		return "", false
	}
	w.note(NoteVia, w.letter.From.String(), 0)
	return "our own address sent it for " + w.m.From.Key(), true
}

// speaker returns the message with the person to be answered as its sender: the person on whose behalf our own address
// sent it, or the writer of the letter that a specialist forwards.
func speaker(r *Rules, m *Message, s Signer) (as *Message, via, forward bool) {
	if as, via = r.person(m, s); via || !forwards(r, m) {
		return as, via, false
	}
	who, sure := original(r, m)
	if !sure {
		return m, false, true
	}
	changed := *m
	changed.From, changed.Sender, changed.ReplyTo = who, Address{}, nil
	return &changed, false, true
}

// forwards reports whether a specialist forwarded a letter by hand, to us and to nobody outside, and DMARC has not
// failed for it.
func forwards(r *Rules, m *Message) bool {
	if !r.policy.StaffForward || !m.Forward || !r.isStaff(m.From.Addr) || r.isOwn(m.From.Addr) || m.Report != nil ||
		field.Verdict(m.Header.Values("Authentication-Results"), r.policy.TrustAuth, "dmarc") == "fail" {
		return false
	}
	w := &weighing{r: r, m: m}
	for _, asked := range []func(*weighing) (string, bool){askDSN, askNullPath, askAutoSubmitted, askAutoHeader,
		askPrecedence, askList} {
		if _, machine := asked(w); machine {
			return false
		}
	}
	ours := false
	for _, a := range m.To {
		ours = ours || r.isOwnTagged(a.Addr)
	}
	for _, list := range [][]Address{m.To, m.Cc} {
		for _, a := range list {
			if !r.isOurs(a.Addr) {
				return false
			}
		}
	}
	return ours
}

// original returns the writer of the forwarded letters. sure is false unless it is exactly one person from outside:
// nobody reads what is answered to a machine.
func original(r *Rules, m *Message) (who Address, sure bool) {
	for _, a := range m.Forwarded {
		_, domain := splitAddress(a.Key())
		local := a.Local()
		if domain == "" || r.isOurs(a.Addr) || r.isSystem(local) || r.isRobot(local) || sure && a.Key() != who.Key() {
			return Address{}, false
		}
		if !sure || who.Name == "" {
			who, sure = a, true
		}
	}
	return who, sure
}

// inThread reports whether a message belongs to a known thread: it answers a letter of a ticket, or its subject has the
// token of one.
func inThread(m *Message, f Facts) bool {
	for _, id := range replyIDs(m) {
		if f.Known[id].Ticket != 0 {
			return true
		}
	}
	right, _ := f.Signer.Tokens(m.Subject)
	for _, task := range right {
		if f.Tasks[task] != 0 {
			return true
		}
	}
	return false
}

func askForward(w *weighing) (string, bool) {
	if !w.forward {
		return "", false
	}
	by := w.letter.From.String()
	if w.m == w.letter {
		w.note(NoteForwardUnsure, by, 0)
		return by + " forwards a letter whose writer is not certain", true
	}
	w.note(NoteStaffForward, by, 0)
	return by + " forwards a letter of " + w.m.From.Key(), true
}
