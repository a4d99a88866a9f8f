package desk

import "time"

// Ticket is our record of one request: which task it is, whose, and how far we have read and written.
type Ticket struct {
	Number    uint64  `json:"number"`         // ours
	Task      int64   `json:"task,omitempty"` // the portal's; 0 = not made yet
	Key       string  `json:"key"`            // of the effect that opens the task
	Mailbox   string  `json:"mailbox"`
	Requester Address `json:"requester"`
	ReplyTo   Address `json:"reply_to"` // where answers go
	// folded addresses besides the requester: To and Cc of the letters
	Participants []string  `json:"participants,omitempty"`
	Copied       []string  `json:"copied,omitempty"`   // those of them who get answers in copy, as the task was told
	Subject      string    `json:"subject"`            // as the customer wrote it, without Re: and tokens
	Subjects     []string  `json:"subjects,omitempty"` // further subjects its comments have shown, folded
	Normal       string    `json:"normal,omitempty"`   // the subject as it is compared; "" = too short to tell
	Opened       time.Time `json:"opened"`
	Status       Status    `json:"status"`
	ClosedAt     time.Time `json:"closed_at,omitzero"`
	Previous     uint64    `json:"previous,omitempty"` // the ticket this one continues
	Locale       string    `json:"locale,omitempty"`   // of letters to the requester; "" = the mailbox's
	Silent       bool      `json:"silent,omitempty"`   // no letter of any kind goes to the requester
	Replied      int       `json:"replied,omitempty"`  // auto-replies planned
	// why our last letter could not be delivered for good; "" = it could
	Undeliver  string    `json:"undeliver,omitempty"`
	Answered   time.Time `json:"answered,omitzero"`     // when the first letter with a specialist's words went out
	AnsweredBy string    `json:"answered_by,omitempty"` // that specialist's name
	LastID     string    `json:"last_id,omitempty"`     // Message-ID of the customer's latest letter
	LastText   string    `json:"last_text,omitempty"`   // its text, cut, for quoting below our answer
	LastAt     time.Time `json:"last_at,omitzero"`      // when it arrived
	// what our latest letters say, the newest first, bounded; of a changed task what the customer's latest says, too
	Sent       string   `json:"sent,omitempty"`
	Signatures []string `json:"signatures,omitempty"` // keys of the lines of signatures that the task shows
	References []string `json:"references,omitempty"` // of the thread, oldest first, bounded
	// a letter of the requester's was one whose writer an auto-reply reaches
	Reachable bool `json:"reachable,omitempty"`
	// when the requester's data was removed from it: nobody can be written to
	Erased time.Time `json:"erased,omitzero"`

	Muted       bool   `json:"muted,omitempty"`        // the task was told that comments do not go out
	Warned      bool   `json:"warned,omitempty"`       // the task was told that mail to the address came back before
	Reminded    bool   `json:"reminded,omitempty"`     // the task was told how a comment stays inside unawares
	Chat        int64  `json:"chat,omitempty"`         // id of the task's chat (new card)
	Mark        string `json:"mark,omitempty"`         // XML_ID of the task, as the portal has shown it
	LastComment int64  `json:"last_comment,omitempty"` // id of the newest comment read
	// its date: of a portal restored from a backup the number may be another's
	CommentAt  time.Time `json:"comment_at,omitzero"`
	LastResult int64     `json:"last_result,omitempty"` // id of the newest result read
	// by the portal's clock; every comment of that time and before was read
	ReadUpTo time.Time `json:"read_up_to,omitzero"`
	Activity time.Time `json:"activity,omitzero"` // of the task when its comments were last read
	ReadAt   time.Time `json:"read_at,omitzero"`  // the portal's clock then
}

// AnswerTo returns where letters of the ticket go.
func (t *Ticket) AnswerTo() Address {
	if t.ReplyTo.Addr != "" {
		return t.ReplyTo
	}
	return t.Requester
}

// Origin says who wrote a message of a thread.
type Origin string

// The origins.
const (
	FromCustomer Origin = "customer"
	FromStaff    Origin = "staff" // a specialist, from their own mail program
	FromUs       Origin = "ours"
)

// Link is a known Message-ID: the ticket whose thread it belongs to, and who wrote it.
type Link struct {
	Ticket uint64 `json:"ticket"`
	Origin Origin `json:"origin"`
}

// Scope says what an exclusion takes away; each includes the one before.
type Scope string

// The scopes.
const (
	ScopeAutoReply Scope = "autoreply" // the auto-reply
	ScopeLetters   Scope = "letters"   // letters of any kind
	ScopeMail      Scope = "mail"      // the message is ignored
)

// Exclusion is who gets no auto-reply, no letter or no ticket.
type Exclusion struct {
	Match string    `json:"match"` // a@b.ru, @b.ru (this domain), @*.b.ru (its subdomains)
	Scope Scope     `json:"scope"`
	Note  string    `json:"note,omitempty"`
	Added time.Time `json:"added,omitzero"`
	By    string    `json:"by,omitempty"` // who added it; "settings" for those of the configuration
	Hits  int       `json:"hits"`
	Last  time.Time `json:"last,omitzero"` // the last hit
}
