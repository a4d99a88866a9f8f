package desk

import "slices"

// reason is why no auto-reply goes with a new task: the rule that takes it away, and the note that tells of it.
type reason struct {
	rule string
	note NoteKey
}

// reasons are those of the rules in the order in which people name one of several: what was decided about the sender
// comes before what the letter is, and that before what a limit or a setting says of all letters. Rules of the class
// stand at the place of "".
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

// silence is a message as far as it gets no auto-reply.
type silence struct{ *weighing }

// tell says on a new task why its letter gets no auto-reply: by the note of the reason that is there, or by one
// of its own.
func (w silence) tell() {
	if w.d.AutoReply {
		return
	}
	why := w.why()
	detail := ""
	if why.note == NoteExcluded {
		detail = w.excluded[0].Match
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
	return reason{} // not reached: something took it away
}

// ofClass returns the note of a class that is not answered.
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

// reaches reports whether an auto-reply could go to the writer of the letter, whatever limits and settings say: only
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
