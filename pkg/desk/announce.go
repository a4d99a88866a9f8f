package desk

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Announce decides which changes of a task are mailed to the customer. Each comment gets one Reason: the rule that
// decided it.
func (r *Rules) Announce(c Change, f AnnounceFacts) Decision {
	t := f.Ticket
	d := Decision{Verdict: Inside, Ticket: &t, Effects: []Effect{}}
	a := &announcing{r: r, f: f, change: c}
	a.mute()
	if c.State.Chat != 0 && c.State.Chat != t.Chat {
		t.Chat, t.LastComment, t.CommentAt = c.State.Chat, 0, time.Time{} // comment numbers start anew in a chat
	}
	public, later := a.weighAll(&t, &d)
	if len(public) > 0 || later {
		d.Cc = a.copied()
	}
	d.Effects = append(append(d.Effects, a.remarks...), a.answers(public)...)
	if d.Wait == 0 || c.State.Status == Gone { // otherwise the letter about the closing waits for the last answer
		if reason, closed := a.standing(&t); reason.Rule != "" {
			d.Reasons = append(d.Reasons, reason)
			d.Effects = append(d.Effects, closed...)
		}
	}
	if c.State.Activity.After(t.Activity) {
		t.Activity = c.State.Activity
	}
	if !c.ReadAt.IsZero() {
		t.ReadAt = c.ReadAt
	}
	switch {
	case slices.ContainsFunc(d.Effects, func(e Effect) bool { return e.Kind == SendLetter }):
		d.Verdict = Announced
	case later:
		d.Verdict = Later
	}
	return d
}

// weighAll decides the comments up to the first one that is too young, and records in the ticket how far it came. It
// returns the comments that go out. later reports whether any of the postponed comments would go out as it reads now.
func (a *announcing) weighAll(t *Ticket, d *Decision) (public []Comment, later bool) {
	decided := len(a.change.Comments)
	for i, comment := range a.change.Comments {
		reason, out := a.weigh(comment)
		d.Reasons = append(d.Reasons, reason)
		if reason.Rule == tooYoung && d.Wait == 0 {
			d.Wait, decided = a.wait(&comment), i
		}
		if d.Wait > 0 {
			later = later || out != nil
			continue
		}
		if out != nil {
			public = append(public, *out)
		}
		switch reason.Rule {
		case "mention", "slip":
			a.remind(t, reason.Rule)
		case "silent":
			a.muted(t)
		}
	}
	a.follow(t, a.change.Comments[:decided], a.change.Comments[decided:])
	if len(public) > 0 {
		a.warn(t)
	}
	return public, later
}

// muted adds a remark to the task, once, that comments do not reach the customer.
func (a *announcing) muted(t *Ticket) {
	if t.Muted || t.Status == Gone || a.change.State.Status == Gone {
		return
	}
	t.Muted = true
	a.remark(Note{Key: NoteMuted, Detail: a.hit}, a.f.Now.UTC().Format(time.RFC3339))
}

// warn adds remarks to the task, each once: that answers go out again, and that an answer may not arrive.
func (a *announcing) warn(t *Ticket) {
	if t.Muted {
		t.Muted = false
		a.remark(Note{Key: NoteUnmuted}, a.f.Now.UTC().Format(time.RFC3339))
	}
	if a.f.Undelivers && t.Undeliver == "" && !t.Warned {
		t.Warned = true
		a.remark(Note{Key: NoteFailing, Detail: a.to().Key()}, a.f.Now.UTC().Format(time.RFC3339))
	}
}

// remind adds a remark to the task, once, that a comment did not go out and how to send it. Otherwise a specialist may
// wait for the reply to an answer that was never sent.
func (a *announcing) remind(t *Ticket, rule string) {
	if t.Reminded || a.silent != "" || !a.r.policy.In(t.Mailbox).Answer {
		return
	}
	t.Reminded = true
	n := Note{Key: NoteMention}
	if rule == "slip" {
		n = Note{Key: NoteSlip, Detail: HalfPrefix(a.r.policy.InternalPrefix)}
	}
	a.remark(n)
}

// remark adds a comment that consists of a note. Its key is derived from the note's key and about, so the same remark
// is made once for a ticket's task.
func (a *announcing) remark(n Note, about ...string) {
	t := &a.f.Ticket
	key := DeriveKey(append([]string{"remark", t.Key, strconv.FormatInt(t.Task, 10), string(n.Key)}, about...)...)
	a.remarks = append(a.remarks, Remark(key, t, n, a.f.Signer, a.f.Now))
}

// follow records in the ticket how far its comments are decided. The waiting ones will be read again.
func (a *announcing) follow(t *Ticket, decided, waiting []Comment) {
	last, result, upTo := t.LastComment, t.LastResult, a.change.ReadAt
	if a.change.Rewound { // the comments themselves show which numbers are in use now
		last, result = 0, 0
	}
	for _, c := range decided {
		if result = max(result, c.ResultID); c.ID > last && !c.Late {
			last, t.CommentAt = c.ID, c.At
		}
		// A date in the future is made up or comes from a wrong clock.
		if c.At.After(upTo) && !c.At.After(a.change.ReadAt.Add(time.Minute)) {
			upTo = c.At
		}
	}
	for _, c := range waiting {
		if !c.At.After(upTo) {
			upTo = c.At.Add(-time.Second)
		}
	}
	if last != 0 {
		t.LastComment = last
	}
	if result != 0 {
		t.LastResult = result
	}
	if upTo.After(t.ReadUpTo) {
		t.ReadUpTo = upTo
	}
}

// announcing is the state of one Announce call.
type announcing struct {
	r      *Rules
	f      AnnounceFacts
	change Change
	silent string // why no letter goes out; "" = letters go out
	hit    string // the exclusion that hits, whatever its scope

	remarks []Effect // for the specialists
}

// mute finds out whether letters may go out at all. It checks the exclusions again, since one may have been added after
// the ticket was opened.
func (a *announcing) mute() {
	t := &a.f.Ticket
	all := append(append([]Exclusion(nil), a.r.policy.Exclusions...), a.f.Excluded...)
	to := a.to()
	x, hit := Hit(all, to.Addr, t.Requester.Addr)
	if hit {
		a.hit = x.Match + " (" + string(x.Scope) + ")"
	}
	switch {
	case t.Status == Gone || a.change.State.Status == Gone:
		a.silent = "the task was deleted"
	case t.Silent:
		a.silent = "no letters go to the requester"
	case hit && x.Scope.Includes(ScopeLetters):
		a.silent = a.hit
	case !a.r.reachable(to):
		a.silent = "there is nobody to write to"
	}
}

// reachable reports whether letters can be sent to an address: it has a domain and is not ours.
func (r *Rules) reachable(to Address) bool {
	_, domain := splitAddress(to.Key())
	return domain != "" && !r.isOwnTagged(to.Addr)
}

// to returns the address that the ticket's letters go to.
func (a *announcing) to() Address { return a.f.Ticket.AnswerTo() }

// unreached returns why the requester gets no automatic letter; "" = they get it. Tickets of earlier versions do not
// record Reachable, so an auto-reply that was sent counts as proof.
func (a *announcing) unreached() string {
	t := &a.f.Ticket
	switch {
	case a.silent != "":
		return a.silent
	case a.hit != "":
		return a.hit
	case !t.Reachable && t.Replied == 0:
		return "no auto-reply could have reached the requester"
	case a.f.Undelivers || t.Undeliver != "":
		return "mail to the requester came back"
	}
	return ""
}

// answers makes letters of the comments for the customer: one for all, or one for each. The comments must be in the
// order of their times.
func (a *announcing) answers(public []Comment) []Effect {
	if len(public) == 0 {
		return nil
	}
	apart := len(public)
	if a.r.policy.Combine {
		apart = slices.IndexFunc(public, func(c Comment) bool { return !c.At.Before(a.r.policy.Apart) })
		if apart < 0 {
			apart = len(public)
		}
	}
	var all []Effect
	for i := range public[:apart] {
		all = append(all, a.answer(public[i:i+1:i+1]))
	}
	if rest := public[apart:]; len(rest) > 0 {
		all = append(all, a.answer(rest))
	}
	return all
}

func (a *announcing) answer(comments []Comment) Effect {
	parts := []string{"comment-letter", a.f.Ticket.Key, strconv.FormatInt(a.f.Ticket.Task, 10)}
	for _, c := range comments {
		// The number alone is not enough: the portal may give it to another comment later.
		at := c.At.UTC().Format(time.RFC3339)
		if a.r.policy.Send == SendResults { // on the new card a result does not name its message
			parts = append(parts, "result", strconv.FormatInt(c.ResultID, 10), at)
			continue
		}
		parts = append(parts, strconv.FormatInt(c.ID, 10), at)
	}
	draft := a.draft(Answer, comments[len(comments)-1].At)
	draft.Comments, draft.Chat, draft.Cc = comments, a.change.State.Chat, a.copied()
	return Effect{
		Kind:   SendLetter,
		Key:    DeriveKey(parts...),
		Ticket: a.f.Ticket.Number,
		Task:   a.f.Ticket.Task,
		Letter: draft,
	}
}

func (a *announcing) draft(kind LetterKind, date time.Time) *Draft {
	t := &a.f.Ticket
	return &Draft{
		Kind: kind, Mailbox: t.Mailbox, To: a.to(), Subject: t.Subject,
		InReplyTo: t.LastID, References: append([]string(nil), t.References...), Date: date,
	}
}

// standing updates the ticket's status from the task's, and makes the letter about its closing. A task that a
// customer's letter is about to reopen still looks closed while that comment waits in the outbox. So a closing that is
// not newer than the last known one is ignored.
func (a *announcing) standing(t *Ticket) (Reason, []Effect) {
	s := a.change.State
	closedAt := s.ClosedAt
	if closedAt.IsZero() {
		closedAt = s.Changed
	}
	switch {
	case s.Status == t.Status || s.Status == "" || t.Status == Gone:
		return Reason{}, nil
	case s.Status == Gone:
		t.Status = Gone
		return Reason{GroupStanding, "gone", "the task was deleted", true}, nil
	case s.Status == Open:
		t.Status = Open
		return Reason{GroupStanding, "reopened", "the task was opened again", true}, nil
	case !t.ClosedAt.IsZero() && !closedAt.After(t.ClosedAt):
		return Reason{GroupStanding, "reopening", "the closing is known, and the task is about to be opened again",
			true}, nil
	}
	t.Status, t.ClosedAt = Done, closedAt
	if t.ClosedAt.IsZero() {
		t.ClosedAt = a.change.ReadAt
	}
	switch {
	case !a.r.policy.In(t.Mailbox).Closed:
		return Reason{GroupStanding, "closed", "the task was closed; letters.closed is off", true}, nil
	}
	if why := a.unreached(); why != "" {
		return Reason{GroupStanding, "closed", "the task was closed; no letter: " + why, true}, nil
	}
	key := DeriveKey("closed-letter", t.Key, fmt.Sprint(t.Task), t.ClosedAt.UTC().Format(time.RFC3339))
	letter := Effect{Kind: SendLetter, Key: key, Ticket: t.Number, Task: t.Task, Letter: a.draft(Closed, t.ClosedAt)}
	return Reason{GroupStanding, "closed", "the task was closed", true}, []Effect{letter}
}
