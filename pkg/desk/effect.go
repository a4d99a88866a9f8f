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
	CommentTask Kind = "comment" // comment the ticket's task
	SendLetter  Kind = "letter"  // mail the ticket's requester
)

// TaskMark returns the mark, XML_ID, of the task that the effect of that key makes.
func TaskMark(key string) string { return "hd-" + key }

// IsTaskMark reports whether the mark of a task is one that we give.
func IsTaskMark(mark string) bool { return taskMark().MatchString(mark) }

var taskMark = lazy.Regexp(`^hd-[0-9a-f]{32}$`)

// Effect is a change to the world, not yet made. It is a plain value, kept as JSON in the outbox.
type Effect struct {
	Kind Kind `json:"kind"`
	// derived from what caused it: the same cause always yields the same key; 32 hex digits
	Key    string `json:"key"`
	Cause  string `json:"cause,omitempty"`  // key of the message it follows from, filled in when it is recorded
	Ticket uint64 `json:"ticket"`           // our number; 0 in a decision that opens a ticket
	Task   int64  `json:"task,omitempty"`   // the portal's number, filled in when the effect is made
	Chat   int64  `json:"chat,omitempty"`   // of that task, as far as it is known; likewise
	Detour bool   `json:"detour,omitempty"` // by another way than the first, which came to nothing
	// a remark: it neither waits for what was queued before it for the ticket, nor is waited for
	Aside  bool   `json:"aside,omitempty"`
	Post   *Post  `json:"post,omitempty"`   // with OpenTask and CommentTask
	Letter *Draft `json:"letter,omitempty"` // with SendLetter
}

// Form names the text of a post: a template of that name.
type Form string

// The forms of posts.
const (
	FormTask      Form = "task"      // a new task's description
	FormRepeat    Form = "repeat"    // a further letter of the customer
	FormWritten   Form = "written"   // a letter a colleague wrote by mail
	FormBounce    Form = "bounce"    // a letter of ours came back
	FormRefused   Form = "refused"   // a letter of ours was refused at once
	FormTrouble   Form = "trouble"   // a message could not be processed
	FormAutomatic Form = "automatic" // an automatic answer, out of office
	FormRemark    Form = "remark"    // notes alone: what became of a comment
)

// Post is what we write into the portal: a task or a comment.
type Post struct {
	Form  Form   `json:"form"`
	Title string `json:"title,omitempty"` // of a task; at most 250 characters
	// stands above the text: of a comment a new one, of a task what its title does not show
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`            // BBCode
	Marker  string    `json:"marker"`          // of a comment, so that a repeat can be looked for
	Copy    bool      `json:"copy,omitempty"`  // of a bounce: none but those in copy did not get the letter
	Bare    bool      `json:"bare,omitempty"`  // without the text: the letter is a file of it
	Answers bool      `json:"-"`               // of a new task: comments on it go to the customer, and it says how
	Whole   bool      `json:"whole,omitempty"` // with its quotes and signature
	Reopen  bool      `json:"reopen,omitempty"`
	Fields  *Fields   `json:"fields,omitempty"`  // of a task
	Mailbox string    `json:"mailbox,omitempty"` // whose settings they are
	Route   string    `json:"route,omitempty"`   // and of which route; "" = of none
	From    Address   `json:"from"`              // whose letter it is, for the CRM look-up
	Message *Place    `json:"message,omitempty"`
	Of      string    `json:"of,omitempty"`     // key of that message: another one may lie there by now
	Hash    string    `json:"hash,omitempty"`   // SHA-256 of it, where it could not be read
	Copies  []Place   `json:"copies,omitempty"` // where the same message was found, too
	Files   []File    `json:"files,omitempty"`
	Missing []string  `json:"missing,omitempty"` // names of files that could not be had any more
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
	Deadline    time.Duration `json:"deadline,omitempty"` // after the task is made; 0 = none
	Working     bool          `json:"working,omitempty"`  // the deadline counts the working time of the calendar
	Due         time.Time     `json:"due,omitzero"`       // the deadline itself, where there is one
	BindCRM     bool          `json:"bind_crm,omitempty"`
	CRM         []string      `json:"crm,omitempty"` // codes of UF_CRM_TASK, C_275

	Title string `json:"title,omitempty"` // text/template of TitleVars; "" = the subject
	// custom fields the portal asks for, by their names: UF_AUTO_123
	Custom map[string]string `json:"custom,omitempty"`
	// responsible where the other is unknown or dismissed; 0 = the webhook's user
	Fallback int64 `json:"fallback,omitempty"`
}

// File is a file on its way, in either direction: names and places, never content.
type File struct {
	Name   string `json:"name"`
	Type   string `json:"type,omitempty"`
	Size   int64  `json:"size"`
	Part   int    `json:"part"`             // of the message; WholeMessage = the raw message itself
	Object int64  `json:"object,omitempty"` // the portal's Drive object, once it has one
	Attach int64  `json:"attach,omitempty"` // the portal's attachment id (old card)
	URL    string `json:"url,omitempty"`    // where the portal offers it for download; carries a token, never logged
	Hash   string `json:"hash,omitempty"`   // SHA-256 of the content, hex
}

// WholeMessage is the Part of a File that is the message itself, as .eml.
const WholeMessage = -1

// LetterKind names a letter: a template of that name.
type LetterKind string

// The kinds of letters.
const (
	Received LetterKind = "received" // the auto-reply
	Answer   LetterKind = "comment"  // a specialist's comment
	Closed   LetterKind = "closed"   // the task was closed
	// the auto-reply outside of working hours; of a Draft it is a Received that knows when work begins
	OffHours LetterKind = "off_hours"
)

// Draft is a letter not yet rendered: what to say, to whom, in answer to what.
type Draft struct {
	Kind       LetterKind `json:"kind"`
	Mailbox    string     `json:"mailbox"`
	To         Address    `json:"to"`      // exactly one
	Subject    string     `json:"subject"` // the customer's, without Re: and tokens
	InReplyTo  string     `json:"in_reply_to,omitempty"`
	References []string   `json:"references,omitempty"`
	Comments   []Comment  `json:"comments,omitempty"`
	Chat       int64      `json:"chat,omitempty"` // whose messages they are; 0 = comments of the old card
	Cc         []Address  `json:"cc,omitempty"`   // who gets it in copy, each once
	Only       Address    `json:"only,omitzero"`  // the one of Cc it still goes to; none = it goes to all
	As         string     `json:"as,omitempty"`   // with Only: key of the letter that the others had
	Bare       bool       `json:"bare,omitempty"` // their files stay in the portal: the relay takes no letter with them
	Date       time.Time  `json:"date"`           // of the cause: when the letter arrived, when the comment was written

	Opens time.Time `json:"opens,omitzero"` // when work begins, of an auto-reply that says so
}

// KindAt returns which letter is written at a moment: once work has begun, an auto-reply does not promise it any more.
func (d *Draft) KindAt(now time.Time) LetterKind {
	if d.Kind == Received && d.Opens.After(now) {
		return OffHours
	}
	return d.Kind
}

// Once reports whether the letter is not sent again when its fate is unknown.
func (d *Draft) Once() bool { return d.Kind == Received }

// Recipient returns whom the letter is for: a single one of those in copy, or else the requester.
func (d *Draft) Recipient() Address {
	if d.Only.Addr != "" {
		return d.Only
	}
	return d.To
}

// Apart returns the letter as it goes to one of those in copy alone, by itself: under the Message-ID of the effect of
// that key, and with the same header.
func (d *Draft) Apart(key string, to Address) *Draft {
	one := *d
	one.Only, one.As = to, key
	return &one
}

// Automatic returns how a letter that no person wrote came about (RFC 3834, 5); "" = a person wrote it.
func (d *Draft) Automatic() Automatic {
	switch d.Kind {
	case Received, OffHours:
		return AutoReplied
	case Closed:
		return AutoGenerated
	}
	return ""
}

// Automatic is the value of Auto-Submitted of a letter; "" = it has none.
type Automatic string

// The values of Auto-Submitted.
const (
	AutoReplied   Automatic = "auto-replied"   // it answers a letter
	AutoGenerated Automatic = "auto-generated" // it tells of something else
)

// Comment is one comment of a task, by whomever.
type Comment struct {
	ID       int64     `json:"id"`
	Author   int64     `json:"author"`
	Name     string    `json:"name"`               // the author's
	Position string    `json:"position,omitempty"` // the author's
	At       time.Time `json:"at"`
	Text     string    `json:"text"` // BBCode of the portal
	Files    []File    `json:"files,omitempty"`

	System    bool  `json:"system,omitempty"`    // written by the portal itself
	Bot       bool  `json:"bot,omitempty"`       // a bot's or a connector's
	Guest     bool  `json:"guest,omitempty"`     // an outsider's: a guest, an e-mail user, an extranet user
	Deleted   bool  `json:"deleted,omitempty"`   // taken back
	Forwarded bool  `json:"forwarded,omitempty"` // from another chat
	Result    bool  `json:"result,omitempty"`    // marked as the task's result
	ResultID  int64 `json:"result_id,omitempty"` // of that mark; the comment may have been read long before
	// it stands for a result whose comment was not read now: its number is old, or 0
	Late bool `json:"-"`
}

// Letter is a mail we write, rendered: all of it but the bytes.
type Letter struct {
	MessageID    string // without <>
	From         Address
	To           Address
	Cc           []Address
	Only         Address // the one of To and Cc it goes to on its way; none = it goes to all
	EnvelopeFrom string  // "" = From's address, "<>" = the null sender (RFC 3834)
	Subject      string
	HTML         string
	Text         string
	Date         time.Time
	InReplyTo    string
	References   []string
	Automatic    Automatic // of Auto-Submitted, with which goes X-Auto-Response-Suppress: All; "" = neither
	Loop         string    // value of the loop header, our instance id
	Inline       []Part
	Files        []Part
}

// Sent is a letter that a relay took.
type Sent struct {
	Raw    []byte    // what was sent
	Absent []Address // of Cc: whom the relay did not take with the others
}

// Part is a file in a letter.
type Part struct {
	Name      string
	Type      string
	ContentID string // without <>
	Content   []byte
}

// Remark returns the comment that says nothing but a note. It waits for nothing of its ticket, and nothing waits for
// it.
func Remark(key string, t *Ticket, n Note, s Signer, now time.Time) Effect {
	return Effect{Kind: CommentTask, Key: key, Ticket: t.Number, Task: t.Task, Aside: true, Post: &Post{
		Form: FormRemark, Marker: s.Marker(key), Mailbox: t.Mailbox, From: t.AnswerTo(), At: now, Notes: []Note{n}}}
}
