package desk

import "time"

// Ticket is the record of one request: its task, its requester, and how far it has been read and answered.
type Ticket struct {
	Number    uint64  `json:"number"`         // our number
	Task      int64   `json:"task,omitempty"` // the portal's number; 0 = not created yet
	Key       string  `json:"key"`            // key of the effect that creates the task
	Mailbox   string  `json:"mailbox"`
	Requester Address `json:"requester"`
	ReplyTo   Address `json:"reply_to"` // address that answers go to
	// folded addresses in To and Cc of the letters, without the requester's
	Participants []string  `json:"participants,omitempty"`
	Copied       []string  `json:"copied,omitempty"`   // participants who get answers in copy, as the task says
	Subject      string    `json:"subject"`            // the customer's subject, without Re: and tokens
	Subjects     []string  `json:"subjects,omitempty"` // further subjects its comments have shown, folded
	Normal       string    `json:"normal,omitempty"`   // the subject, normalised for comparison; "" = too short
	Opened       time.Time `json:"opened"`
	Status       Status    `json:"status"`
	ClosedAt     time.Time `json:"closed_at,omitzero"`
	Previous     uint64    `json:"previous,omitempty"` // the ticket this one continues
	Locale       string    `json:"locale,omitempty"`   // language of letters to the requester; "" = the mailbox's
	Silent       bool      `json:"silent,omitempty"`   // no letter of any kind goes to the requester
	Replied      int       `json:"replied,omitempty"`  // auto-replies that were queued
	// why our last letter to the requester was undeliverable; "" = it was not
	Undeliver  string    `json:"undeliver,omitempty"`
	Answered   time.Time `json:"answered,omitzero"`     // when the first letter with a specialist's words was sent
	AnsweredBy string    `json:"answered_by,omitempty"` // that specialist's name
	LastID     string    `json:"last_id,omitempty"`     // Message-ID of the customer's latest letter
	LastText   string    `json:"last_text,omitempty"`   // text of that letter, cut, for quoting below our answer
	LastAt     time.Time `json:"last_at,omitzero"`      // when that letter arrived
	// text of our latest letters, newest first, of limited length; for a changed task also the customer's latest text
	Sent       string   `json:"sent,omitempty"`
	Signatures []string `json:"signatures,omitempty"` // keys of the signature lines that the task shows
	References []string `json:"references,omitempty"` // References of the thread, oldest first, of limited number
	// at least one letter of the requester came from a person whom an auto-reply can reach
	Reachable bool `json:"reachable,omitempty"`
	// when the requester's data was deleted; nobody can be written to since then
	Erased time.Time `json:"erased,omitzero"`

	Muted       bool   `json:"muted,omitempty"`        // the task says that comments do not go out
	Warned      bool   `json:"warned,omitempty"`       // the task says that mail to the address has come back
	Reminded    bool   `json:"reminded,omitempty"`     // the task says how a comment stays inside by mistake
	Chat        int64  `json:"chat,omitempty"`         // id of the task's chat (new card)
	Mark        string `json:"mark,omitempty"`         // XML_ID of the task, as the portal has shown it
	LastComment int64  `json:"last_comment,omitempty"` // id of the newest comment read
	// date of that comment: after the portal is restored from a backup, the number may belong to another comment
	CommentAt  time.Time `json:"comment_at,omitzero"`
	LastResult int64     `json:"last_result,omitempty"` // id of the newest result read
	// portal's clock: all comments up to this time have been read
	ReadUpTo time.Time `json:"read_up_to,omitzero"`
	Activity time.Time `json:"activity,omitzero"` // the task's activity when its comments were last read
	ReadAt   time.Time `json:"read_at,omitzero"`  // portal's clock at that reading
}

// AnswerTo returns the address that letters of the ticket go to.
func (t *Ticket) AnswerTo() Address {
	if t.ReplyTo.Addr != "" {
		return t.ReplyTo
	}
	return t.Requester
}

// Origin says who wrote a message in a thread.
type Origin string

// The values of Origin.
const (
	FromCustomer Origin = "customer"
	FromStaff    Origin = "staff" // a specialist, from their own mail program
	FromUs       Origin = "ours"
)

// Link is what is recorded for a Message-ID: the ticket that it leads to, and who wrote the message.
type Link struct {
	Ticket uint64 `json:"ticket"`
	Origin Origin `json:"origin"`
}

// Scope says what an exclusion suppresses. Each scope includes the one before.
type Scope string

// The values of Scope.
const (
	ScopeAutoReply Scope = "autoreply" // the auto-reply
	ScopeLetters   Scope = "letters"   // letters of any kind
	ScopeMail      Scope = "mail"      // the message is ignored
)

// Exclusion says that addresses get no auto-reply, no letter or no ticket.
type Exclusion struct {
	Match string    `json:"match"` // pattern: a@b.ru, @b.ru (this domain), @*.b.ru (its subdomains)
	Scope Scope     `json:"scope"`
	Note  string    `json:"note,omitempty"`
	Added time.Time `json:"added,omitzero"`
	By    string    `json:"by,omitempty"` // who added it; "settings" for those of the configuration
	Hits  int       `json:"hits"`
	Last  time.Time `json:"last,omitzero"` // time of the last hit
}
