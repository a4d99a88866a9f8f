package desk

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"helpdesk/pkg/glyph"
)

const (
	lastTextMax     = 4000 // characters of the customer's letter kept for quoting
	referencesMax   = 20
	participantsMax = 200
)

// arrived returns the time at which the message reached us. The message's own Date is used only if the server gives
// none.
func arrived(m *Message, now time.Time) time.Time {
	switch {
	case !m.Received.IsZero():
		return m.Received
	case !m.Date.IsZero():
		return m.Date
	}
	return now
}

// open creates a ticket with its task, and an auto-reply if one is due.
func (w *weighing) open(automatic bool) {
	key := DeriveKey("open", w.d.Key)
	t := &Ticket{
		Key: key, Mailbox: w.m.Mailbox, Requester: w.m.From, ReplyTo: w.r.replyTo(w.m),
		Subject: w.r.CleanSubject(w.m.Subject), Normal: w.normal, Opened: w.f.Now, Status: Open,
	}
	if w.previous != nil {
		t.Previous = w.previous.Number
	}
	switch {
	case automatic:
		w.note(NoteAutomatic, "", 0)
	case w.d.Class == classBulk:
		w.note(NoteBulk, "", 0)
	case w.d.Class == classRobot:
		w.note(NoteRobot, "", 0)
	}
	w.heard(t)
	if w.r.policy.In(t.Mailbox).Languages {
		w.ask(GroupLetter, languageRule())
		if t.Locale = w.f.Locale; w.m.Locale != "" && !w.forward {
			t.Locale, w.d.Locale = w.m.Locale, w.m.Locale
		}
	}
	if !w.via && t.ReplyTo.Key() != t.Requester.Key() {
		w.note(NoteAnswerTo, t.ReplyTo.Key(), 0)
	}
	silence{w}.tell()
	post := w.post(FormTask)
	t.shown(w.m.Signature)
	post.Answers = w.r.policy.In(t.Mailbox).Answer && !t.Silent && w.d.Class == classHuman && w.r.reachable(t.ReplyTo)
	if len(w.r.routes) > 0 {
		w.ask(GroupRouting, routingRule())
	}
	if post.Mailbox = w.m.Mailbox; w.route != nil {
		post.Route = w.route.name
	}
	fields := w.r.dated(w.r.fields(post.Route, post.Mailbox), w.f.Now)
	post.Fields = &fields
	if above := w.r.Entitle(post, post.Mailbox, t.Subject, cmp.Or(w.m.Text, w.m.FullText)); above != "" {
		post.headed(above, w.m)
	}
	w.d.Verdict, w.d.Ticket = Task, t
	w.d.Effects = append(w.d.Effects, Effect{Kind: OpenTask, Key: key, Post: post})
	origin := FromCustomer
	if w.forward {
		origin = FromStaff
	}
	w.remember(origin)
	if w.d.AutoReply {
		t.Replied = 1
		w.d.Effects = append(w.d.Effects, Effect{
			Kind:   SendLetter,
			Key:    DeriveKey("received", w.d.Key),
			Letter: w.received(t),
		})
	}
}

func (w *weighing) received(t *Ticket) *Draft {
	d := &Draft{
		Kind: Received, Mailbox: t.Mailbox, To: t.ReplyTo, Subject: t.Subject,
		InReplyTo: t.LastID, References: t.References, Date: arrived(w.m, w.f.Now),
	}
	if w.r.policy.In(t.Mailbox).OffHours && w.ask(GroupLetter, offHoursRule()) {
		d.Opens, _ = w.r.policy.Calendar.Opens(w.f.Now)
	}
	return d
}

// comment adds the message to the found ticket as a comment.
func (w *weighing) comment(form Form) {
	key := DeriveKey("comment", w.d.Key)
	t := w.found
	if w.reopen {
		t.Status = Open // ClosedAt stays: by it Announce recognises a closing that it has seen
	}
	origin := FromCustomer
	switch form {
	case FormRepeat:
		w.heard(t)
	case FormWritten:
		origin = FromStaff
		w.note(NoteWritten, "", 0)
	}
	post := w.post(form)
	if form != FormBounce {
		t.shown(w.m.Signature)
	}
	if subject := w.r.newSubject(w.m, t); subject != "" && form != FormBounce {
		post.headed(subject, w.m)
		t.Subjects = append(t.Subjects, glyph.Cut(foldSubject(subject), titleMax))
		t.Subjects = t.Subjects[max(0, len(t.Subjects)-subjectsMax):]
	}
	post.Marker, post.Reopen = w.f.Signer.Marker(key), w.reopen
	w.d.Verdict, w.d.Ticket = Commented, t
	w.d.Effects = append(w.d.Effects, Effect{Kind: CommentTask, Key: key, Ticket: t.Number, Post: post})
	if form != FormBounce {
		w.remember(origin)
	}
}

// written decides mail from our own addresses and from specialists.
func (w *weighing) written() {
	_, unverified := askUnverified(w)
	switch {
	case w.loop:
		w.d.Verdict = Ignored
		if w.known != nil { // a relay may have replaced our Message-ID, and replies will name the new one
			w.d.Thread = map[string]Link{w.m.ID: {Ticket: w.known.ticket.Number, Origin: FromUs}}
		}
	case w.found == nil || w.found.Status == Gone:
		w.d.Verdict = Ignored
		w.remember(FromStaff) // without a ticket, so that a reply counts as one to a specialist
	default:
		w.notes = nil
		if unverified {
			w.note(NoteUnverified, "", 0)
		}
		w.comment(FormWritten)
	}
}

// remember records the message's id for the thread, unless the id already leads to a ticket. An id that has the form of
// ours but was not made by us is not recorded: such ids are looked up by their key alone, and the key may be that of a
// letter of ours.
func (w *weighing) remember(origin Origin) {
	w.d.Thread = map[string]Link{}
	var number uint64
	if w.d.Ticket != nil {
		number = w.d.Ticket.Number
	}
	_, form, valid := w.f.Signer.OwnID(w.m.ID)
	if old, known := w.f.Known[w.m.ID]; usableID(w.m.ID) && (!form || valid) && (!known || old.Ticket == 0) {
		w.d.Thread[w.m.ID] = Link{Ticket: number, Origin: origin}
	}
	if w.relink != "" && number == 0 {
		w.d.Thread[w.relink] = Link{Origin: w.known.link.Origin}
	}
}

// heard updates the ticket from a letter of a person who takes part in it. Answers quote and reply to the requester's
// own letters only, since others may have written for us alone. If DMARC failed, a letter in a known ticket changes
// nothing.
func (w *weighing) heard(t *Ticket) {
	opening := t.Number == 0
	_, forged := askUnverified(w)
	if forged && !opening {
		return
	}
	requester := w.m.From.Key() == t.Requester.Key() || w.m.From.Key() == t.ReplyTo.Key()
	if !forged && (requester || w.takesPart(t)) {
		w.participants(t)
		if w.r.policy.Copy[t.Mailbox] {
			w.ask(GroupCopy, copyRule(t))
		}
	}
	if !requester {
		return
	}
	t.Silent = len(w.excluded) > 0 && w.excluded[0].Scope.Includes(ScopeLetters) || w.spam && (opening || t.Silent)
	if w.forward {
		return // answers do not quote or reply to what a specialist wrote for us
	}
	if w.d.Class == classHuman && (t.Undeliver != "" || t.Warned) {
		w.note(NoteWorking, w.m.From.Key(), 0)
		t.Warned = false
	}
	t.Undeliver = ""
	t.Reachable = t.Reachable || silence{w}.reaches()
	if local := systemLocal(w.m); local == "" || w.r.isSystem(local) {
		t.Silent = true // nobody reads mail to a mail system
	}
	t.LastText, t.LastAt = glyph.Cut(w.m.Text, lastTextMax), arrived(w.m, w.f.Now)
	if w.m.DerivedID {
		return // no mail program knows a derived id
	}
	t.LastID = w.m.ID
	for _, id := range append(slices.Clone(w.m.Refs), w.m.ID) {
		if usableID(id) && !slices.Contains(t.References, id) {
			t.References = append(t.References, id)
		}
		if n := len(t.References); n > referencesMax { // the first id identifies the thread
			t.References = append(t.References[:1:1], t.References[n-referencesMax+1:]...)
		}
	}
}

func (w *weighing) participants(t *Ticket) {
	have := map[string]bool{t.Requester.Key(): true}
	for _, p := range t.Participants {
		have[p] = true
	}
	for _, list := range [][]Address{w.m.To, w.m.Cc} {
		for _, a := range list {
			key := a.Key()
			if _, domain := splitAddress(key); domain == "" || have[key] || w.r.isOwn(key) {
				continue
			}
			if len(t.Participants) >= participantsMax {
				return
			}
			have[key] = true
			t.Participants = append(t.Participants, key)
		}
	}
}

// post makes the post of a message; its text is rendered when the effect is made. A task shows the whole text. A bounce
// is attached as a single file.
func (w *weighing) post(form Form) *Post {
	p := &Post{Form: form, From: w.m.From, At: arrived(w.m, w.f.Now)}
	if w.m.Place != (Place{}) {
		place := w.m.Place
		p.Message, p.Of = &place, w.d.Key
	}
	if form == FormBounce {
		w.degraded()
		p.whole(w.m)
		p.Notes, p.Copy = w.notes, w.copies
		return p
	}
	var out cutting
	if form != FormTask {
		out = w.leavesOut()
		p.Whole = out.whole
	}
	w.files(p, form != FormTask && !out.whole && (w.m.QuoteCut || w.m.Signature != ""))
	w.forwarded()
	if what := out.detail(); what != "" {
		w.note(NoteCut, what, 0)
	}
	oversize := w.degraded()
	if !oversize && (out.quote || out.signature || len(w.m.Degraded) > 0) {
		p.whole(w.m)
	}
	if len(w.m.Degraded) == 0 && !tells(w.m.Text+w.m.FullText+w.m.BBCode) {
		w.note(NoteNoText, "", 0)
	}
	p.Notes = w.notes
	return p
}

// tells reports whether a text contains anything besides blanks, invisible characters and separator lines.
func tells(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return !invisible(r) && !strings.ContainsRune("-_=*>|", r) && r != '—'
	})
}

// files adds the attachments of the message to a post. cut says that the post leaves out a part of the letter.
func (w *weighing) files(p *Post, cut bool) {
	w.recurring(cut)
	for i, a := range w.m.Attachments {
		if !a.Hidden && !w.recurs[i] {
			p.Files = append(p.Files, File{Name: a.Name, Type: a.Type, Size: a.Size, Part: a.Part, Hash: a.Hash})
		}
	}
}

// detail returns the detail of a NoteCut; "" = nothing was left out.
func (c cutting) detail() string {
	var what []string
	if c.quote {
		what = append(what, CutQuote)
	}
	if c.signature {
		what = append(what, CutSignature)
	}
	return strings.Join(what, " ")
}

// headed puts the subject above the text of a post.
func (p *Post) headed(subject string, m *Message) {
	if p.Subject = glyph.Cut(subject, subjectMax); p.Subject != subject {
		p.whole(m)
	}
}

// whole adds the message itself to the files of a post.
func (p *Post) whole(m *Message) {
	if !slices.ContainsFunc(p.Files, func(f File) bool { return f.Part == WholeMessage }) {
		p.Files = append(p.Files, File{Name: "letter.eml", Type: "message/rfc822", Size: m.Size, Part: WholeMessage})
	}
}

// degraded adds notes about what could not be read properly, and reports whether the message was too large to be read.
func (w *weighing) degraded() (oversize bool) {
	if oversize = slices.Contains(w.m.Degraded, DegradedOversize); oversize {
		w.note(NoteOversize, "", 0)
	}
	for _, what := range w.m.Degraded {
		if what != DegradedOversize {
			w.note(NoteDegraded, string(what), 0)
		}
	}
	return oversize
}

// offHoursRule is applied to each auto-reply if the settings have a text for off-hours.
func offHoursRule() rule {
	return rule{
		"off-hours",
		"",
		"letters.received.off_hours is on, and by the calendar nobody works at the moment",
		"the auto-reply is that of letters.received.off_hours, and says when work begins",
		askOffHours,
	}
}

// askOffHours does not hit if the calendar has no working day at all.
func askOffHours(w *weighing) (string, bool) {
	opens, closed := w.r.policy.Calendar.Opens(w.f.Now)
	return "work begins at " + opens.Format(time.RFC3339), closed
}

// languageRule is applied to each new ticket if letters are written in the customer's language.
func languageRule() rule {
	return rule{
		"language",
		"",
		"letters.locale is auto, and the letter's script and frequent words (language.yaml) say its language, or an " +
			"earlier letter of its sender did",
		"letters of the ticket are in that language, else in letters.default_locale; the ticket and the contact " +
			"remember it",
		askLanguage,
	}
}

func askLanguage(w *weighing) (string, bool) {
	switch {
	case w.m.Locale != "" && !w.forward:
		return w.m.Locale, true
	case w.f.Locale != "":
		return w.f.Locale + ", as in an earlier letter", true
	}
	return "", false
}
