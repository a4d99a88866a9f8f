package desk

import "slices"

// reason says why a new task gets no auto-reply: the rule that suppressed it, and the note about it.
type reason struct {
	rule string
	note NoteKey
}

// reasons returns the reasons in order of priority, for a letter that has several. A decision about the sender comes
// first, then what the letter is, then limits and settings that apply to all letters. The entry "" stands for the rules
// of the class.
func reasons() []reason {
	return []reason{
		{"T1 excluded", NoteExcluded}, {"T10 spam", NoteSpam}, {"", ""}, {"T2 unverified", NoteUnverified},
		{"T5 reply-to-staff", NoteReply}, {"T4 blind copy", NoteBlindCopy}, {"T7 undeliverable", NoteUndeliverable},
		{
			"T8 no address",
			NoteNoAddress,
		}, {"T6 stale", NoteStale}, {"T11 flood", NoteFlood}, {capped, NoteCapped}, {"T9 off", NoteOff},
	}
}

// silence explains why a message gets no auto-reply.
type silence struct{ *weighing }

// tell explains on a new task why its letter gets no auto-reply: it marks the note that gives the reason, and adds it
// if it is missing.
func (w silence) tell() {
	if w.d.AutoReply {
		return
	}
	why := w.why()
	detail := ""
	switch why.note {
	case NoteExcluded:
		detail = w.excluded[0].Match
	case NoteCapped:
		detail = string(w.limit)
	}
	at := slices.IndexFunc(w.notes, func(n Note) bool { return n.Key == why.note })
	if at < 0 {
		at, w.notes = len(w.notes), append(w.notes, Note{Key: why.note, Detail: detail})
	}
	w.notes[at].Quiet = true
	w.d.Unanswered = why.rule
}

func (w silence) why() reason {
	for _, r := range reasons() {
		switch {
		case r.rule == "" && w.quiet:
			return reason{w.class, w.ofClass()}
		case r.rule == "" || !slices.Contains(w.against, r.rule):
		case r.note == NoteReply && w.thread == "R8":
			return reason{r.rule, NoteStaffReply}
		default:
			return r
		}
	}
	return reason{} // not reached: some rule suppressed the auto-reply
}

// ofClass returns the note for a class of letters that get no auto-reply.
func (w silence) ofClass() NoteKey {
	switch {
	case w.class == "via":
		return NoteVia
	case w.forward && w.m == w.letter:
		return NoteForwardUnsure
	case w.forward:
		return NoteStaffForward
	case w.class == "suppress":
		return NoteSuppress
	case w.d.Class == classBulk:
		return NoteBulk
	case w.d.Class == classRobot:
		return NoteRobot
	}
	return NoteAutomatic
}

// reaches reports whether an auto-reply could reach the writer of the letter, whatever limits and settings say. Only
// such a person gets letters that no specialist wrote.
func (w silence) reaches() bool {
	barred := func(rule string) bool {
		switch rule {
		case "T1 excluded", "T2 unverified", "T4 blind copy", "T7 undeliverable", "T8 no address", "T10 spam",
			"T11 flood":
			return true
		}
		return false
	}
	return !w.quiet && w.thread != "R3" && !slices.ContainsFunc(w.against, barred)
}
