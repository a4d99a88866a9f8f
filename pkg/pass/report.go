package pass

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
)

// Report is what a pass did.
type Report struct {
	Kind    string    `json:"kind"` // poll, notify
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	DryRun  bool      `json:"dry_run"`

	Listed  int    `json:"listed"`  // unseen messages in the mailboxes
	Old     int    `json:"old"`     // of them left alone for their age
	Read    int    `json:"read"`    // comments of tasks that were new
	Decided []Line `json:"decided"` // messages, or changes of tasks, if they are asked for

	DayFull  bool `json:"-"` // a letter had no auto-reply for the limit of a day
	Replying bool `json:"-"` // a letter had one

	outbox.Counts
	Problems  []outbox.Problem `json:"problems,omitempty"`
	Mailboxes []MailboxRead    `json:"mailboxes,omitempty"` // that were looked into
}

// MailboxRead is how one mailbox was read.
type MailboxRead struct {
	Name   string `json:"name"`
	Listed int    `json:"listed"` // unseen messages
	Old    int    `json:"old"`    // of them left alone for their age
	Err    error  `json:"-"`      // why it could not be read to the end
}

// Line is one message or change, and what was decided of it.
type Line struct {
	Mailbox   string        `json:"mailbox,omitempty"`
	UID       uint32        `json:"uid,omitempty"`
	MessageID string        `json:"message_id,omitempty"`
	From      string        `json:"from,omitempty"`
	Subject   string        `json:"subject,omitempty"`
	Ticket    uint64        `json:"ticket,omitempty"`
	Task      int64         `json:"task,omitempty"`
	To        string        `json:"to,omitempty"` // of a letter
	Cc        []string      `json:"cc,omitempty"` // who gets it in copy
	Verdict   desk.Verdict  `json:"verdict"`
	Class     string        `json:"class,omitempty"`
	Rule      string        `json:"rule"` // the one that settled it
	Note      string        `json:"note,omitempty"`
	AutoReply bool          `json:"auto_reply"`
	Why       string        `json:"why,omitempty"` // the rule that took the auto-reply away
	Due       time.Time     `json:"due,omitzero"`  // when a letter goes that goes later
	Wait      time.Duration `json:"-"`             // and in what time
	Reasons   []desk.Reason `json:"reasons,omitempty"`
}

// Left says what a pass has left undone.
type Left int

// What may be left, the gravest last.
const (
	Nothing   Left = iota
	Held           // something is held for a person
	Temporary      // the next run tries again
	Setup          // a person must change a setting first
)

// Left returns the gravest thing the pass left undone, and its problems as one error.
func (r *Report) Left() (Left, error) {
	left := Nothing
	if r.Held > 0 || r.Quarantine > 0 {
		left = Held
	}
	if r.Waiting > 0 {
		left = Temporary
	}
	var errs []error
	for _, p := range r.Problems {
		if p.Harmless {
			continue
		}
		switch {
		case p.Setup:
			left = Setup
		case !p.Held:
			left = max(left, Temporary)
		}
		errs = append(errs, fmt.Errorf("%s: %w", p.Where, p.Err))
	}
	return left, errors.Join(errs...)
}

// tell adds a line to the report.
func (p *Pass) tell(l Line) {
	if p.Lines {
		p.report.Decided = append(p.report.Decided, l)
	}
	if p.Notify != nil {
		p.Notify(l)
	}
}

// advance counts messages found and finished.
func (p *Pass) advance(found, done int) {
	p.found, p.done = p.found+found, p.done+done
	if p.Advance != nil {
		p.Advance(p.done, p.found)
	}
}

func line(m desk.Message, d desk.Decision) Line {
	l := Line{Mailbox: m.Mailbox, UID: m.UID, MessageID: m.ID, From: m.From.String(), Subject: m.Subject,
		Verdict: d.Verdict,
		Class:   d.Class, AutoReply: d.AutoReply, Reasons: d.Reasons}
	if d.Ticket != nil {
		l.Ticket, l.Task = d.Ticket.Number, d.Ticket.Task
	}
	l.Rule, l.Note, l.Why = settled(d)
	return l
}

// settled returns the rule that settled a decision with its note, and the one that took the auto-reply away: of the
// hits that of the group thread where there is one, else the first; those of the group auto-reply take only the
// auto-reply.
func settled(d desk.Decision) (rule, note, why string) {
	for _, r := range d.Reasons {
		switch {
		case !r.Hit:
		case r.Group == desk.GroupAutoReply && why == "":
			why = r.Rule
		case r.Group == desk.GroupAutoReply:
		case rule == "" || r.Group == desk.GroupThread || r.Rule == desk.ForCustomer:
			rule, note = r.Rule, r.Note
		}
	}
	return rule, note, unanswered(d, why)
}

// unanswered returns what took the auto-reply away: of a new task its reason, by the class where that is the reason;
// else the first of the rules that hit.
func unanswered(d desk.Decision, first string) string {
	for _, r := range d.Reasons {
		if r.Group == desk.GroupAutoReply && r.Rule == d.Unanswered {
			return r.Rule
		}
	}
	if d.Class != "human" && (first == "" || d.Unanswered != "") {
		return d.Class
	}
	return cmp.Or(d.Unanswered, first)
}
