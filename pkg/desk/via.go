package desk

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
