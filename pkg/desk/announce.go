package desk

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Announce says what of a task's changes goes to the customer. Each comment gets one Reason: the rule that decided it.
func (r *Rules) Announce(c Change, f AnnounceFacts) Decision {
	t := f.Ticket
	d := Decision{Verdict: Inside, Ticket: &t, Effects: []Effect{}}
	a := &announcing{r: r, f: f, change: c}
	a.mute()
	if c.State.Chat != 0 && c.State.Chat != t.Chat {
		t.Chat, t.LastComment, t.CommentAt = c.State.Chat, 0, time.Time{} // a chat counts from its own beginning
	}
	public, later := a.weighAll(&t, &d)
	if len(public) > 0 || later {
		d.Cc = a.copied()
	}
	d.Effects = append(append(d.Effects, a.remarks...), a.answers(public)...)
	if d.Wait == 0 || c.State.Status == Gone { // else the letter that tells of a closing follows the last answer
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

// weighAll decides the comments up to the first that is too young, and notes in the ticket how far. It returns what
// goes out, and whether one of the others would, as they stand.
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

// muted has the task say, once, that what is written there does not reach the customer.
func (a *announcing) muted(t *Ticket) {
	if t.Muted || t.Status == Gone || a.change.State.Status == Gone {
		return
	}
	t.Muted = true
	a.remark(Note{Key: NoteMuted, Detail: a.hit}, a.f.Now.UTC().Format(time.RFC3339))
}

// warn has the task say, once, that an answer may not arrive, and that answers go out again.
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

// remind has the task say, once, that a comment did not go out and how to send it: nobody may wait for an answer that
// was never sent.
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

// remark adds a comment that is a note alone, by its key and what it is about once for a ticket's task.
func (a *announcing) remark(n Note, about ...string) {
	t := &a.f.Ticket
	key := DeriveKey(append([]string{"remark", t.Key, strconv.FormatInt(t.Task, 10), string(n.Key)}, about...)...)
	a.remarks = append(a.remarks, Remark(key, t, n, a.f.Signer, a.f.Now))
}

// follow notes in the ticket how far its comments are decided. The others wait, and are read again.
func (a *announcing) follow(t *Ticket, decided, waiting []Comment) {
	last, result, upTo := t.LastComment, t.LastResult, a.change.ReadAt
	if a.change.Rewound { // what numbers there are is told by the comments, where there are any
		last, result = 0, 0
	}
	for _, c := range decided {
		if result = max(result, c.ResultID); c.ID > last && !c.Late {
			last, t.CommentAt = c.ID, c.At
		}
		// A date of the time to come is one that somebody made up.
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

// announcing is a decision about a change in the making.
type announcing struct {
	r      *Rules
	f      AnnounceFacts
	change Change
	silent string // why no letter of any kind goes; "" = letters go
	hit    string // the exclusion that hits, of whatever scope

	remarks []Effect // for the specialists
}

// mute finds out whether letters go at all. Exclusions are asked anew: one may have been added since the ticket was
// opened.
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

// reachable reports whether letters can go to an address: there is one, and it is not ours.
func (r *Rules) reachable(to Address) bool {
	_, domain := splitAddress(to.Key())
	return domain != "" && !r.isOwn(to.Addr)
}

// to returns where letters of the ticket go.
func (a *announcing) to() Address { return a.f.Ticket.AnswerTo() }

// unreached returns why nothing goes to the requester that no specialist wrote; "" = it goes. Tickets of earlier
// versions do not tell whom an auto-reply reaches, but that one went.
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

// answers makes letters of the comments that are for the customer: one, or one each. The comments are in the order of
// their times.
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
		// A number alone may come to be another comment's.
		at := c.At.UTC().Format(time.RFC3339)
		if a.r.policy.Send == SendResults { // on the new card a result does not tell its message
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

// standing brings the ticket's status up to date with the task's, and makes the letter that tells of its closing. A
// task that a letter has opened again may still be closed in the portal, as long as that comment waits in the outbox: a
// closing no newer than the last one known is no closing.
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
