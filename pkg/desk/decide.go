package desk

import "slices"

// weighing is the state of one Decide call.
type weighing struct {
	r *Rules
	m *Message // the message, with the person to be answered as its sender
	f Facts
	d Decision

	letter *Message // the message as it arrived
	via    bool     // our own address sent it on behalf of that person

	forward bool // a specialist forwarded it; m has the original writer as its sender if they are certain

	excluded []Exclusion // exclusions that hit, widest scope first
	normal   string      // the subject, normalised for comparison
	right    []int64     // task numbers of subject tokens whose check digits are right
	wrong    []int64
	class    string    // id of the class rule that hit
	quiet    bool      // no auto-reply because of the class
	against  []string  // ids of the rules against the auto-reply that hit
	limit    Limit     // of auto-replies that is reached; "" = that of one address, or none
	flood    *Arrivals // the counter that is over the limit; nil = none
	spam     bool      // the receiving filter has marked it as spam
	reopen   bool      // the comment reopens the task
	loop     bool      // it is a letter of ours that came back to us
	copies   bool      // only people in copy did not get the returned letter
	inside   *evidence
	known    *evidence
	forged   []string
	thread   string       // id of the thread rule that hit
	found    *Ticket      // the ticket it belongs to; nil = none
	previous *Ticket      // the ticket a new one continues
	route    *route       // settings of the new task; nil = those of its mailbox
	relink   string       // id that will point to the new ticket
	recurs   map[int]bool // indexes of attachments that are not uploaded again
	notes    []Note
}

// Decide decides what happens to a message. It asks questions in order, each of which becomes a Reason: the class, the
// thread, the state of the ticket, the auto-reply. The last rules of the class and of the thread always hit, so Decide
// cannot fail.
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
	if w.forward && w.m != m {
		w.excluded = widest(append(w.excluded, hushed(Hits(all, w.m.From.Addr))...))
	}
	for _, x := range w.excluded {
		if !slices.Contains(w.d.Hits, x.Match) { // one pattern may be both in the settings and added by hand
			w.d.Hits = append(w.d.Hits, x.Match)
		}
	}
	return w
}

// ask asks one question and appends the answer to the decision's reasons: what was found, or what was looked for.
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

// link makes the new ticket continue an old one, and adds the note of that key.
func (w *weighing) link(key NoteKey, old *Ticket) {
	w.previous = old
	w.note(key, "", old.Task)
}

// receive decides a message from outside that is not a report: it becomes a task, a comment, or nothing.
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

// automatic reports whether a machine wrote the message. QUIRK: Exchange and Gmail send out-of-office notes with the
// null sender, so they look like bounces.
func (w *weighing) automatic() bool {
	switch w.d.Class {
	case classAutomatic, classAway, classLike, classSystem, classPress:
		return true
	}
	return false
}

// unwanted reports whether the settings say that such mail makes no task.
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

// marked reports whether the message itself says that it is automatic. A null sender or the name of a mail system is
// not enough: a message of a mail system becomes a task unless it is an out-of-office note.
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

// hush asks every rule against the auto-reply, and records whether the auto-reply goes out.
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
