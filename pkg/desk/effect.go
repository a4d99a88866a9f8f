package desk

import (
	"time"

	"helpdesk/pkg/lazy"
)

// Kind names an effect.
type Kind string

// The kinds of effects.
const (
	OpenTask    Kind = "open"    // create the ticket's task
	CommentTask Kind = "comment" // comment on the ticket's task
	SendLetter  Kind = "letter"  // mail the ticket's requester
)

// TaskMark returns the mark (XML_ID) of the task that the effect with that key creates.
func TaskMark(key string) string { return "hd-" + key }

// IsTaskMark reports whether a task's mark has the form of ours.
func IsTaskMark(mark string) bool { return taskMark().MatchString(mark) }

var taskMark = lazy.Regexp(`^hd-[0-9a-f]{32}$`)

// Effect is a change to the portal, or a letter to send, that has not been made yet. It is a plain value, kept as JSON
// in the outbox.
type Effect struct {
	Kind Kind `json:"kind"`
	// 32 hex digits derived from the cause: the same cause always yields the same key
	Key    string `json:"key"`
	Cause  string `json:"cause,omitempty"`  // key of the message that caused it, filled in when it is recorded
	Ticket uint64 `json:"ticket"`           // our number; 0 in a decision that opens a ticket
	Task   int64  `json:"task,omitempty"`   // the portal's number, filled in when the effect is made
	Chat   int64  `json:"chat,omitempty"`   // chat of that task, if known, filled in likewise
	Detour bool   `json:"detour,omitempty"` // made in another way, since the first way had no result
	// a remark: it does not wait for the ticket's earlier effects, and later ones do not wait for it
	Aside  bool   `json:"aside,omitempty"`
	Post   *Post  `json:"post,omitempty"`   // with OpenTask and CommentTask
	Letter *Draft `json:"letter,omitempty"` // with SendLetter
}

// Form names the template of a post's text.
type Form string

// The forms of posts.
const (
	FormTask      Form = "task"      // a new task's description
	FormRepeat    Form = "repeat"    // a further letter of the customer
	FormWritten   Form = "written"   // a letter that a colleague wrote by mail
	FormBounce    Form = "bounce"    // a letter of ours came back
	FormRefused   Form = "refused"   // a letter of ours was refused at once
	FormTrouble   Form = "trouble"   // a message could not be processed
	FormAutomatic Form = "automatic" // an automatic answer, out of office
	FormRemark    Form = "remark"    // only notes, such as what happened to a comment
)

// Post is what we write into the portal: a task or a comment.
type Post struct {
	Form  Form   `json:"form"`
	Title string `json:"title,omitempty"` // for a task; at most 250 characters
	// shown above the text: a new subject of a comment, or what a task's title leaves out
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`            // BBCode
	Marker  string    `json:"marker"`          // for a comment; a repeated attempt finds the comment by it
	Copy    bool      `json:"copy,omitempty"`  // for a bounce: only people in copy did not get the letter
	Bare    bool      `json:"bare,omitempty"`  // without the text: the letter is attached as a file
	Answers bool      `json:"-"`               // for a new task: its comments go to the customer, and its text says how
	Whole   bool      `json:"whole,omitempty"` // with the letter's quotes and signature
	Reopen  bool      `json:"reopen,omitempty"`
	Fields  *Fields   `json:"fields,omitempty"`  // for a task
	Mailbox string    `json:"mailbox,omitempty"` // mailbox that the Fields come from
	Route   string    `json:"route,omitempty"`   // route that the Fields come from; "" = none
	From    Address   `json:"from"`              // writer of the letter, for the CRM look-up
	Message *Place    `json:"message,omitempty"`
	Of      string    `json:"of,omitempty"`     // key of that message, since another one may be in that place by now
	Hash    string    `json:"hash,omitempty"`   // SHA-256 of the message, if it could not be read
	Copies  []Place   `json:"copies,omitempty"` // other places of the same message
	Files   []File    `json:"files,omitempty"`
	Missing []string  `json:"missing,omitempty"` // names of files that are no longer available
	At      time.Time `json:"at"`                // when the letter arrived
	Notes   []Note    `json:"notes,omitempty"`
}

// Fields are the settings of a new task.
type Fields struct {
	Responsible int64         `json:"responsible"`
	Group       int64         `json:"group,omitempty"`
	Auditors    []int64       `json:"auditors,omitempty"`
	Accomplices []int64       `json:"accomplices,omitempty"`
	Tags        []string      `json:"tags,omitempty"`
	Priority    string        `json:"priority,omitempty"` // low, average, high
	Deadline    time.Duration `json:"deadline,omitempty"` // counted from the creation of the task; 0 = none
	Working     bool          `json:"working,omitempty"`  // Deadline counts working hours only
	Due         time.Time     `json:"due,omitzero"`       // moment of the deadline; zero = none
	BindCRM     bool          `json:"bind_crm,omitempty"`
	CRM         []string      `json:"crm,omitempty"` // codes for UF_CRM_TASK, such as C_275

	Title string `json:"title,omitempty"` // text/template of TitleVars; "" = the subject
	// custom fields that the portal requires, by name: UF_AUTO_123
	Custom map[string]string `json:"custom,omitempty"`
	// responsible person if Responsible is unknown or dismissed; 0 = the webhook's user
	Fallback int64 `json:"fallback,omitempty"`
}

// File describes a file on its way to or from the portal: its name and places, never its content.
type File struct {
	Name   string `json:"name"`
	Type   string `json:"type,omitempty"`
	Size   int64  `json:"size"`
	Part   int    `json:"part"`             // number of the message's part; WholeMessage = the raw message itself
	Object int64  `json:"object,omitempty"` // Drive object on the portal; 0 = not uploaded yet
	Attach int64  `json:"attach,omitempty"` // the portal's attachment id (old card)
	URL    string `json:"url,omitempty"`    // download address on the portal; contains a token and is never logged
	Hash   string `json:"hash,omitempty"`   // SHA-256 of the content, hex
}

// WholeMessage is the Part of a File that is the message itself, as a .eml file.
const WholeMessage = -1

// LetterKind names the template of a letter.
type LetterKind string

// The kinds of letters.
const (
	Received LetterKind = "received" // the auto-reply
	Answer   LetterKind = "comment"  // a specialist's comment
	Closed   LetterKind = "closed"   // the task was closed
	// the auto-reply outside of working hours; its Draft has the kind Received and a time in Opens
	OffHours LetterKind = "off_hours"
)

// Draft is a letter before rendering: what to say, to whom, in answer to what.
type Draft struct {
	Kind       LetterKind `json:"kind"`
	Mailbox    string     `json:"mailbox"`
	To         Address    `json:"to"`      // exactly one address
	Subject    string     `json:"subject"` // the customer's, without Re: and tokens
	InReplyTo  string     `json:"in_reply_to,omitempty"`
	References []string   `json:"references,omitempty"`
	Comments   []Comment  `json:"comments,omitempty"`
	Chat       int64      `json:"chat,omitempty"` // chat that contains the comments; 0 = they are of the old card
	Cc         []Address  `json:"cc,omitempty"`   // recipients in copy, each once
	Only       Address    `json:"only,omitzero"`  // the only address in Cc that has yet to get it; empty = all get it
	As         string     `json:"as,omitempty"`   // with Only: key of the letter that the others got
	Bare       bool       `json:"bare,omitempty"` // without the comments' files: the relay refuses a letter with them
	Date       time.Time  `json:"date"`           // when the letter arrived or the comment was written

	Opens time.Time `json:"opens,omitzero"` // when work begins, for an auto-reply that says so
}

// KindAt returns the kind of letter to write at that time: once work has begun, an auto-reply no longer announces it.
func (d *Draft) KindAt(now time.Time) LetterKind {
	if d.Kind == Received && d.Opens.After(now) {
		return OffHours
	}
	return d.Kind
}

// Once reports whether the letter must not be sent again when its outcome is unknown.
func (d *Draft) Once() bool { return d.Kind == Received }

// Recipient returns the address that the letter is for: Only if it is set, else the requester's.
func (d *Draft) Recipient() Address {
	if d.Only.Addr != "" {
		return d.Only
	}
	return d.To
}

// Apart returns a copy of the draft that goes to only one of the people in copy. It keeps the header and the Message-ID
// of the letter with that key.
func (d *Draft) Apart(key string, to Address) *Draft {
	one := *d
	one.Only, one.As = to, key
	return &one
}

// Automatic returns the value of Auto-Submitted for a letter that no person wrote (RFC 3834, 5); "" = a person wrote
// it.
func (d *Draft) Automatic() Automatic {
	switch d.Kind {
	case Received, OffHours:
		return AutoReplied
	case Closed:
		return AutoGenerated
	}
	return ""
}

// Automatic is the value of a letter's Auto-Submitted field; "" = the letter has no such field.
type Automatic string

// The values of Auto-Submitted.
const (
	AutoReplied   Automatic = "auto-replied"   // in answer to a letter
	AutoGenerated Automatic = "auto-generated" // about anything else
)

// Comment is one comment of a task, whoever wrote it.
type Comment struct {
	ID       int64     `json:"id"`
	Author   int64     `json:"author"`
	Name     string    `json:"name"`               // the author's
	Position string    `json:"position,omitempty"` // the author's
	At       time.Time `json:"at"`
	Text     string    `json:"text"` // BBCode of the portal
	Files    []File    `json:"files,omitempty"`

	System    bool  `json:"system,omitempty"`    // written by the portal itself
	Bot       bool  `json:"bot,omitempty"`       // written by a bot or a connector
	Guest     bool  `json:"guest,omitempty"`     // written by a guest, an e-mail user or an extranet user
	Deleted   bool  `json:"deleted,omitempty"`   // deleted
	Forwarded bool  `json:"forwarded,omitempty"` // forwarded from another chat
	Result    bool  `json:"result,omitempty"`    // marked as the task's result
	ResultID  int64 `json:"result_id,omitempty"` // number of that mark; the comment may have been read long before
	// represents a result whose comment was not read this time: its ID is old, or 0
	Late bool `json:"-"`
}

// Letter is a rendered letter of ours before it is encoded as MIME.
type Letter struct {
	MessageID    string // without <>
	From         Address
	To           Address
	Cc           []Address
	Only         Address // the only address of To and Cc that it is sent to; empty = it goes to all
	EnvelopeFrom string  // envelope sender: "" = From's address, "<>" = the null sender (RFC 3834)
	Subject      string
	HTML         string
	Text         string
	Date         time.Time
	InReplyTo    string
	References   []string
	Automatic    Automatic // value of Auto-Submitted, sent together with X-Auto-Response-Suppress: All; "" = neither
	Loop         string    // value of the loop header: our instance id
	Inline       []Part
	Files        []Part
}

// Sent is a letter that a relay accepted.
type Sent struct {
	Raw    []byte    // what was sent
	Absent []Address // addresses of Cc that the relay refused
}

// Part is a file in a letter.
type Part struct {
	Name      string
	Type      string
	ContentID string // without <>
	Content   []byte
}

// Dropped returns the remark that a person dropped a specialist's letter from the outbox; ok is false for any other
// effect, and if the ticket has no task. The remark has no text yet.
func Dropped(e Effect, t *Ticket, s Signer, now time.Time) (remark Effect, ok bool) {
	if e.Kind != SendLetter || e.Letter.Kind != Answer || t.Task == 0 || e.Letter.Recipient().Addr == "" {
		return Effect{}, false
	}
	n := Note{Key: NoteDropped, Detail: e.Letter.Recipient().Key()}
	if e.Letter.Only.Addr != "" {
		n.Key = NoteCopyDropped
	}
	return Remark(DeriveKey("dropped", e.Key), t, n, s, now), true
}

// Remark returns the effect for a comment that consists of one note. It does not wait for the ticket's other effects,
// and they do not wait for it.
func Remark(key string, t *Ticket, n Note, s Signer, now time.Time) Effect {
	return Effect{Kind: CommentTask, Key: key, Ticket: t.Number, Task: t.Task, Aside: true, Post: &Post{
		Form: FormRemark, Marker: s.Marker(key), Mailbox: t.Mailbox, From: t.AnswerTo(), At: now, Notes: []Note{n}}}
}
