package desk

import (
	"fmt"
	"strings"

	"helpdesk/pkg/glyph"
)

// threadRules are the rules that find a message's ticket. The first that hits decides, except R4, which only records
// what it found.
func threadRules() []rule {
	return []rule{
		{
			"R1",
			"",
			"answers a letter with a valid id of our own; the sender takes part in the ticket",
			"comment; no auto-reply",
			askOwnParticipant,
		},
		{
			"R2",
			"",
			"as R1, but the sender has only the domain of the requester, and that is no public one",
			"comment, marked; no auto-reply; the sender never becomes a reader",
			askOwnColleague,
		},
		{
			"R3",
			"",
			"as R1, but the sender is a stranger",
			"new task that links the old one; no auto-reply",
			askOwnStranger,
		},
		{
			"R4",
			"",
			"names an id of our own form with a wrong HMAC",
			"not believed; the next rules are asked",
			askForged,
		},
		{
			"R5",
			"",
			"answers a known letter of a specialist or of ours; the sender takes part in the ticket",
			"comment; no auto-reply",
			askKnownStaff,
		},
		{
			"R6",
			"",
			"answers a known letter of a customer; the sender takes part in the ticket",
			"comment: a repeat contact; no auto-reply",
			askKnownCustomer,
		},
		{
			"R7",
			"",
			"the subject has a token with the right check digits; the sender takes part in the ticket",
			"comment; no auto-reply",
			askToken,
		},
		{
			"R7x",
			"",
			"the subject has a token, but the check digits are wrong or the sender is a stranger",
			"new task, the token cut from its subject, linking the old one where the digits are right",
			askTokenStranger,
		},
		{
			"R8",
			"",
			"answers a specialist's letter we have no ticket for: by the domain of its id, the Sent folder, or the " +
				"attribution line or the sender's line of the header above the quote",
			"new task; no auto-reply",
			askStaffLetter,
		},
		{
			"R9",
			"",
			"no ids and no token, but the same sender, answer address and subject as a ticket still open, within " +
				"tickets.same_subject_within",
			"comment: a repeat contact; no auto-reply",
			askSameSubject,
		},
		{"R10", "", "nothing above", "new task", always},
	}
}

// evidence is the newest id in a message that leads to a ticket.
type evidence struct {
	id     string
	link   Link
	ticket *Ticket
	own    bool // a Message-ID of our form, with the right HMAC
}

// look finds the evidence among the ids that a message answers. It skips forged ids and ids without a ticket. For
// automatic mail that does not answer a letter it ignores References, since robots copy them from anywhere.
func (w *weighing) look() {
	ids := replyIDs(w.m)
	if w.unsolicited() {
		ids = replyIDs(&Message{InReplyTo: w.m.InReplyTo})
	}
	for _, id := range ids {
		_, form, valid := w.f.Signer.OwnID(id)
		if form && !valid {
			w.forged = append(w.forged, id)
			continue
		}
		link, known := w.f.Known[id]
		if !known {
			continue
		}
		if t := w.ticket(link.Ticket); t != nil {
			w.known = &evidence{id: id, link: link, ticket: t, own: valid}
			return
		}
	}
}

// unsolicited reports whether the message is automatic and does not answer a letter.
func (w *weighing) unsolicited() bool {
	switch w.d.Class {
	case classSystem, classBulk:
		return true
	case classAutomatic:
		note, _ := askAutoSubmitted(w)
		return note != "" && !strings.HasPrefix(note, "Auto-Submitted: auto-replied")
	}
	return false
}

// ticket returns a copy of the ticket with that number, or nil if the facts do not contain it.
func (w *weighing) ticket(number uint64) *Ticket {
	t, ok := w.f.Tickets[number]
	if !ok || number == 0 {
		return nil
	}
	t.Participants = append([]string(nil), t.Participants...)
	t.Copied = append([]string(nil), t.Copied...)
	t.References = append([]string(nil), t.References...)
	t.Subjects = append([]string(nil), t.Subjects...)
	t.Signatures = append([]string(nil), t.Signatures...)
	return &t
}

// takesPart reports whether the sender may write into the ticket: they are its requester, were in copy, or belong to
// us.
func (w *weighing) takesPart(t *Ticket) bool {
	from := w.m.From.Key()
	if from == "" {
		return false
	}
	if from == t.Requester.Key() || from == t.ReplyTo.Key() || w.r.isOwn(from) || w.r.isStaff(from) {
		return true
	}
	for _, p := range t.Participants {
		if FoldAddress(p) == from {
			return true
		}
	}
	return false
}

// colleague reports whether the sender has the requester's domain, and that domain is not public.
func (w *weighing) colleague(t *Ticket) bool {
	domain := w.m.From.Domain()
	if domain == "" || w.r.public[domain] {
		return false
	}
	return domain == t.Requester.Domain() || domain == t.ReplyTo.Domain()
}

func askOwnParticipant(w *weighing) (string, bool) {
	if w.known == nil || !w.known.own || !w.takesPart(w.known.ticket) {
		return "", false
	}
	return w.join(w.known)
}

func askOwnColleague(w *weighing) (string, bool) {
	if w.known == nil || !w.known.own || !w.colleague(w.known.ticket) {
		return "", false
	}
	w.note(NoteOtherSender, w.m.From.Key(), 0)
	return w.join(w.known)
}

func askOwnStranger(w *weighing) (string, bool) {
	if w.known == nil || !w.known.own {
		return "", false
	}
	w.link(NoteStranger, w.known.ticket)
	return w.m.From.Key() + " takes no part in " + named(w.known.ticket), true
}

func askForged(w *weighing) (string, bool) {
	if len(w.forged) == 0 {
		return "", false
	}
	return glyph.Cut(w.forged[0], 120), true
}

func askKnownStaff(w *weighing) (string, bool) {
	if w.known == nil || w.known.own || w.known.link.Origin == FromCustomer || !w.takesPart(w.known.ticket) {
		return "", false
	}
	return w.join(w.known)
}

func askKnownCustomer(w *weighing) (string, bool) {
	if w.known == nil || w.known.own || w.known.link.Origin != FromCustomer || !w.takesPart(w.known.ticket) {
		return "", false
	}
	return w.join(w.known)
}

// join assigns the message to the evidence's ticket.
func (w *weighing) join(e *evidence) (string, bool) {
	w.found = e.ticket
	return glyph.Cut(e.id, 120) + " belongs to " + named(e.ticket), true
}

func askToken(w *weighing) (string, bool) {
	for _, task := range w.right {
		if t := w.ticket(w.f.Tasks[task]); t != nil && w.takesPart(t) {
			w.found = t
			return fmt.Sprintf("task %d", task), true
		}
	}
	return "", false
}

func askTokenStranger(w *weighing) (string, bool) {
	for _, task := range w.right {
		if t := w.ticket(w.f.Tasks[task]); t != nil {
			w.link(NoteStranger, t)
			return fmt.Sprintf("%s takes no part in task %d", w.m.From.Key(), task), true
		}
	}
	for _, task := range append(append([]int64(nil), w.right...), w.wrong...) {
		w.note(NoteWrongToken, fmt.Sprint(task), 0)
		return fmt.Sprintf("no ticket of ours by the token of task %d", task), true
	}
	return "", false
}

func askStaffLetter(w *weighing) (string, bool) {
	note, hit := w.staffLetter()
	if hit {
		w.note(NoteStaffReply, "", 0)
	}
	return note, hit
}

func (w *weighing) staffLetter() (string, bool) {
	if w.forward {
		return "", false // it is itself a specialist's letter
	}
	if w.f.InSent {
		return "the letter it answers lies in our Sent folder", true
	}
	for i, id := range replyIDs(w.m) {
		_, form, ours := w.f.Signer.OwnID(id)
		link, known := w.f.Known[id]
		if ours || known && !form && link.Origin != FromCustomer {
			return glyph.Cut(id, 120) + " is a letter of ours", true
		}
		_, domain, _ := strings.Cut(id, "@")
		if i == 0 && !known && w.r.atHome(domain) {
			return domain + " is a domain of ours", true
		}
	}
	if author := w.r.attributed(w.m.Quoted); author != "" {
		return "the quote is a letter of " + FoldAddress(author), true
	}
	return "", false
}

// askSameSubject hits only for letters that people send from their own addresses: robots and web forms use one subject
// for many customers.
func askSameSubject(w *weighing) (string, bool) {
	window := w.r.policy.SameSubject
	if window <= 0 || w.normal == "" || w.d.Class != classHuman || w.via || w.forward || len(replyIDs(w.m)) > 0 ||
		len(w.right)+len(w.wrong) > 0 {
		return "", false
	}
	for _, number := range w.f.Same {
		t := w.ticket(number)
		if t == nil || t.Status != Open || t.Normal != w.normal {
			continue
		}
		if t.Requester.Key() != w.m.From.Key() || t.ReplyTo.Key() != w.r.replyTo(w.m).Key() {
			continue
		}
		last := t.Opened
		if t.LastAt.After(last) {
			last = t.LastAt
		}
		if w.f.Now.Sub(last) > window {
			continue
		}
		w.found = t
		return named(t), true
	}
	return "", false
}

// named returns the name of a ticket in reasons.
func named(t *Ticket) string {
	if t.Task == 0 {
		return fmt.Sprintf("ticket %d", t.Number)
	}
	return fmt.Sprintf("ticket %d, task %d", t.Number, t.Task)
}
