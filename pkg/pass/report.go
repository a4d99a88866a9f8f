package pass

import (
	"errors"
	"fmt"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// Report is what a pass did.
type Report struct {
	Kind    string    `json:"kind"` // poll, notify
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	DryRun  bool      `json:"dry_run"`

	Listed  int    `json:"listed"`  // unseen messages in the mailboxes
	Old     int    `json:"old"`     // of them left alone for their age
	Decided []Line `json:"decided"` // messages, or changes of tasks, if they are asked for

	Opened     int `json:"opened"`      // tasks made
	Commented  int `json:"commented"`   // comments made
	Sent       int `json:"sent"`        // letters sent
	Marked     int `json:"marked"`      // messages marked on their server
	Waiting    int `json:"waiting"`     // effects that are to be tried again
	Held       int `json:"held"`        // effects held for a person by this pass
	Quarantine int `json:"quarantined"` // messages put into the quarantine by this pass

	Problems []Problem `json:"problems,omitempty"`
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
	Verdict   desk.Verdict  `json:"verdict"`
	Class     string        `json:"class,omitempty"`
	Rule      string        `json:"rule"` // the one that settled it
	Note      string        `json:"note,omitempty"`
	AutoReply bool          `json:"auto_reply"`
	Why       string        `json:"why,omitempty"` // the rule that took the auto-reply away
	Reasons   []desk.Reason `json:"reasons,omitempty"`
}

// Problem is something that went wrong and what it was about.
type Problem struct {
	Where   string `json:"where"` // mailbox support, portal, relay support
	Message string `json:"error"`
	Setup   bool   `json:"setup"` // a person must change a setting
	Held    bool   `json:"held"`  // a person must decide what becomes of one thing; the rest is done
	Err     error  `json:"-"`
}

func (p *Pass) problem(where string, err error) {
	if err != nil {
		p.note(where, err, false)
	}
}

// held notes something that is kept for a person: a next run would not do better.
func (p *Pass) held(where string, err error) {
	p.add(&p.report.Held, 1)
	p.note(where, err, true)
}

// note adds a problem to the report, once.
func (p *Pass) note(where string, err error, held bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, old := range p.report.Problems {
		if old.Where == where && old.Message == err.Error() {
			return
		}
	}
	p.Log.Warn(where, "err", err)
	p.report.Problems = append(p.report.Problems, Problem{
		Where: where, Message: err.Error(), Setup: fault.ExtentOf(err) == fault.Setup, Held: held, Err: err})
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

// add counts.
func (p *Pass) add(n *int, by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n += by
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
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found, p.done = p.found+found, p.done+done
	if p.Advance != nil {
		p.Advance(p.done, p.found)
	}
}

func line(m desk.Message, d desk.Decision) Line {
	l := Line{Mailbox: m.Mailbox, UID: m.UID, MessageID: m.ID, From: m.From.String(), Subject: m.Subject, Verdict: d.Verdict,
		Class: d.Class, AutoReply: d.AutoReply, Reasons: d.Reasons}
	if d.Ticket != nil {
		l.Ticket, l.Task = d.Ticket.Number, d.Ticket.Task
	}
	l.Rule, l.Note, l.Why = settled(d)
	return l
}

// settled returns the rule that settled a decision with its note, and the one that took the auto-reply away: of the hits
// that of the group thread where there is one, else the first; those of the group auto-reply take only the auto-reply.
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
	if why == "" && d.Class != "human" {
		why = d.Class
	}
	return rule, note, why
}
