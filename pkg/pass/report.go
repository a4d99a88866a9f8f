package pass

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
)

// Report describes what a pass did.
type Report struct {
	Kind    string    `json:"kind"` // poll, notify
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	DryRun  bool      `json:"dry_run"`

	Listed  int    `json:"listed"`  // unread messages in the mailboxes
	Old     int    `json:"old"`     // of these, ignored because of their age
	Read    int    `json:"read"`    // new comments of tasks
	Decided []Line `json:"decided"` // messages or changes of tasks, if requested

	DayFull  bool `json:"-"` // a letter got no auto-reply because of the daily limit
	Replying bool `json:"-"` // a letter got an auto-reply

	outbox.Counts
	Problems  []outbox.Problem `json:"problems,omitempty"`
	Mailboxes []MailboxRead    `json:"mailboxes,omitempty"` // mailboxes that were searched
}

// MailboxRead is the result of reading one mailbox.
type MailboxRead struct {
	Name   string `json:"name"`
	Listed int    `json:"listed"` // unread messages
	Old    int    `json:"old"`    // of these, ignored because of their age
	Err    error  `json:"-"`      // why it could not be read completely
}

// Line is one message or change, with the decision.
type Line struct {
	Mailbox   string        `json:"mailbox,omitempty"`
	UID       uint32        `json:"uid,omitempty"`
	MessageID string        `json:"message_id,omitempty"`
	From      string        `json:"from,omitempty"`
	Subject   string        `json:"subject,omitempty"`
	Ticket    uint64        `json:"ticket,omitempty"`
	Task      int64         `json:"task,omitempty"`
	To        string        `json:"to,omitempty"` // recipient of a letter
	Cc        []string      `json:"cc,omitempty"` // recipients of copies
	Verdict   desk.Verdict  `json:"verdict"`
	Class     string        `json:"class,omitempty"`
	Rule      string        `json:"rule"` // the rule that determined the decision
	Note      string        `json:"note,omitempty"`
	AutoReply bool          `json:"auto_reply"`
	Why       string        `json:"why,omitempty"` // the rule that prevented the auto-reply
	Due       time.Time     `json:"due,omitzero"`  // when a delayed letter will be sent
	Wait      time.Duration `json:"-"`             // time until then
	Reasons   []desk.Reason `json:"reasons,omitempty"`
}

// Left is the most serious kind of work that a pass has left undone.
type Left int

// The kinds, in order of severity.
const (
	Nothing   Left = iota
	Held           // something is held for a person
	Temporary      // the next run will retry
	Setup          // a person must change a setting first
)

// Left returns the most serious kind of work left undone, and the problems joined as one error.
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

// advance counts found and finished messages.
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

// settled returns the rule that determined a decision, with its note, and the rule that prevented the auto-reply. The
// first rule that hit determines the decision, but a rule of the group thread takes precedence. Rules of the group
// auto-reply affect only the auto-reply.
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

// unanswered returns what prevented the auto-reply: for a new task its reason, or the class if that is the reason;
// otherwise the first rule that hit.
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
