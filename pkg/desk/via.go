package desk

import "helpdesk/pkg/field"

// person returns a message as that of the person to be answered, where our own address sent it for them: a site's form,
// or a group that puts itself into From. The person stands in Reply-To, or in X-Original-From, alone among addresses
// that are ours or our staff's. via says whether there is such a person; the message is returned as it is where there
// is none, and where the loop header or the Message-ID shows that we wrote it.
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

// outsider returns the one address of a list that is neither ours nor a specialist's; ok is false where there is none,
// or a choice of several.
func (r *Rules) outsider(list []Address) (who Address, ok bool) {
	for _, a := range list {
		if _, domain := splitAddress(a.Key()); domain == "" || r.isOwn(a.Addr) || r.isStaff(a.Addr) ||
			ok && a.Key() == who.Key() {
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

// speaker returns a message as that of the person to be answered: whom our own address sent it for, or whose letter a
// specialist forwards.
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

// forwards reports whether a specialist forwards a letter to us and to nobody outside, by hand, as far as our mail
// server believes them.
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
			if !r.isOwnTagged(a.Addr) && !r.isStaff(a.Addr) {
				return false
			}
		}
	}
	return ours
}

// original returns who wrote what is forwarded; sure is false where it is not exactly one person from outside.
func original(r *Rules, m *Message) (who Address, sure bool) {
	for _, a := range m.Forwarded {
		_, domain := splitAddress(a.Key())
		if domain == "" || r.isOwn(a.Addr) || r.isStaff(a.Addr) || sure && a.Key() != who.Key() {
			return Address{}, false
		}
		if !sure || who.Name == "" {
			who, sure = a, true
		}
	}
	return who, sure
}

// inThread reports whether a message answers a letter of a ticket.
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
