package desk

import "slices"

// weighing is a decision in the making.
type weighing struct {
	r *Rules
	m *Message // as the person's to be answered
	f Facts
	d Decision

	letter *Message // as it came
	via    bool     // our own address sent it for the person

	forward bool // a specialist forwarded it, for the person where they are certain

	excluded []Exclusion // those that hit, the widest first
	normal   string      // the subject as it is compared
	right    []int64     // tasks of subject tokens with the right check digits
	wrong    []int64
	class    string    // the class rule that hit
	quiet    bool      // the class takes the auto-reply away
	against  []string  // the rules of the auto-reply that hit
	flood    *Arrivals // over the limit
	spam     bool      // the receiving filter has marked it
	reopen   bool      // the task is opened again
	loop     bool      // it is a letter of ours that came round
	copies   bool      // those in copy alone did not get the letter that came back
	inside   *evidence
	known    *evidence
	forged   []string
	thread   string       // the thread rule that hit
	found    *Ticket      // the ticket it belongs to
	previous *Ticket      // the ticket a new one continues
	route    *route       // the settings of the new task; nil = those of its mailbox
	relink   string       // the id that leads to the new ticket from now on
	recurs   map[int]bool // attachments that are not uploaded again, by their index
	notes    []Note
}

// Decide says what becomes of a message. It is a list of questions, each a Reason in the order they were asked: the
// class, the thread, how the ticket stands, the auto-reply. The last of the class and of the thread always hit, so it
// can't fail.
func (r *Rules) Decide(m *Message, f Facts) Decision {
	w := r.weigh(m, f)
	if w.ask(GroupBefore, duplicateRule()) {
		w.d.Verdict = Duplicate
		return w.d
	}
	w.ask(GroupBefore, reusedRule())
	w.classify()
	switch w.d.Class {
	case classExcluded, classReceipt:
		w.d.Verdict = Ignored
		return w.d
	case classBounce:
		w.returned()
		return w.d
	}
	if (w.d.Class == classLike || w.d.Class == classSystem) && w.returnedInside() {
		return w.d
	}
	w.belong()
	if w.d.Class == classOurs || w.d.Class == classStaff {
		w.written()
		return w.d
	}
	w.receive()
	return w.d
}

func (r *Rules) weigh(m *Message, f Facts) *weighing {
	w := &weighing{r: r, letter: m, f: f, d: Decision{Key: MessageKey(m), Effects: []Effect{}}}
	w.m, w.via, w.forward = speaker(r, m, f.Signer)
	if w.forward && inThread(m, f) {
		w.m, w.forward = m, false
	}
	w.normal = r.NormalSubject(m.Subject)
	w.right, w.wrong = f.Signer.Tokens(m.Subject)
	all := append(append([]Exclusion(nil), r.policy.Exclusions...), f.Excluded...)
	w.excluded = Hits(all, correspondents(m)...)
	for _, x := range w.excluded {
		if !slices.Contains(w.d.Hits, x.Match) { // the settings may have one that was added by hand, too
			w.d.Hits = append(w.d.Hits, x.Match)
		}
	}
	return w
}

// ask puts one question and keeps the answer as a Reason: what was found, or what was looked for.
func (w *weighing) ask(g Group, q rule) bool {
	note, hit := q.ask(w)
	if !hit || note == "" {
		note = q.when
	}
	w.d.Reasons = append(w.d.Reasons, Reason{Group: g, Rule: q.id, Note: note, Hit: hit})
	return hit
}

func (w *weighing) classify() {
	for _, q := range classRules() {
		if w.ask(GroupClass, q) {
			w.class, w.d.Class = q.id, q.class
			w.quiet = q.id != "human"
			return
		}
	}
}

func (w *weighing) belong() {
	w.look()
	for _, q := range threadRules() {
		if w.ask(GroupThread, q) && q.id != "R4" {
			w.thread = q.id
			return
		}
	}
}

func (w *weighing) note(key NoteKey, detail string, task int64) {
	w.notes = append(w.notes, Note{Key: key, Detail: detail, Task: task})
}

// link makes the coming ticket one that continues another, and says so by the note of that key.
func (w *weighing) link(key NoteKey, old *Ticket) {
	w.previous = old
	w.note(key, "", old.Task)
}

// receive decides a message from outside that is no report: a task, a comment, or nothing.
func (w *weighing) receive() {
	automatic := w.automatic()
	if w.found != nil {
		w.stand(automatic)
	}
	w.hush()
	switch {
	case w.found != nil:
		w.comment(w.form(automatic))
	case w.unwanted(automatic):
		w.d.Verdict = Ignored
	case w.flooded():
	default:
		w.open(automatic)
	}
}

// automatic reports whether a machine answered for a person. QUIRK: Exchange and Gmail send out-of-office notes with
// the null sender, by which they would be bounces.
func (w *weighing) automatic() bool {
	switch w.d.Class {
	case classAutomatic, classAway, classLike, classSystem, classPress:
		return true
	}
	return false
}

// unwanted reports whether the settings do without a task for such mail.
func (w *weighing) unwanted(automatic bool) bool {
	const ignore = "ignore"
	p := &w.r.policy
	if w.spam && p.Spam == spamIgnore {
		return true
	}
	if w.d.Class == classBulk {
		return p.Bulk == ignore
	}
	return automatic && p.Automatic == ignore && w.marked()
}

// marked reports whether the message itself tells that it is automatic. A null sender or a system's name alone does
// not: what a mail system has to say is a task, unless it is an out-of-office note sent so.
func (w *weighing) marked() bool {
	for _, asked := range []func(*weighing) (string, bool){askAutoSubmitted, askAutoHeader, askPolicyReport, askAway} {
		if _, hit := asked(w); hit {
			return true
		}
	}
	return false
}

func (w *weighing) form(automatic bool) Form {
	if automatic {
		return FormAutomatic
	}
	return FormRepeat
}

// hush asks all that takes the auto-reply away, and reports whether it goes.
func (w *weighing) hush() {
	for _, q := range quietRules() {
		if !w.ask(GroupAutoReply, q) {
			continue
		}
		w.against = append(w.against, q.id)
		switch q.id {
		case "T2 unverified":
			w.note(NoteUnverified, "", 0)
		case "T4 blind copy":
			w.note(NoteBlindCopy, "", 0)
		case "T7 undeliverable":
			w.note(NoteUndeliverable, w.r.replyTo(w.m).Key(), 0)
		case "T10 spam":
			if w.spam = true; w.found == nil {
				w.note(NoteSpam, "", 0)
			}
		}
	}
	due := !w.quiet && w.found == nil
	w.d.AutoReply = due && len(w.against) == 0
	w.d.Capped = due && len(w.against) == 1 && w.against[0] == capped
}
