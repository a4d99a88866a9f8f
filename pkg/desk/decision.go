package desk

import (
	"time"

	"helpdesk/pkg/worktime"
)

// Policy contains the settings and data files that decisions depend on.
type Policy struct {
	Own        []string    // folded addresses that are ours: the senders of the mailboxes and mail.own
	OwnNames   []string    // the display names of those addresses
	Staff      []string    // patterns of specialists' addresses, as in exclusions
	Exclusions []Exclusion // the exclusions in the settings
	TrustAuth  string      // authserv-id of the Authentication-Results to trust; "" = none
	Automatic  string      // task or ignore
	Bulk       string      // task or ignore
	Spam       string      // quiet, task or ignore

	StaffForward bool // a letter that a specialist forwards is the request of its original writer

	Flood       int           // letters of one address or domain within FloodWithin that become tasks; 0 = no limit
	FloodWithin time.Duration // at most a day

	Reopen       bool
	ReopenWithin time.Duration // after closing
	SameSubject  time.Duration // 0 = off

	AutoReply  bool // letters.received.enabled
	OffHours   bool // letters.received.off_hours.enabled
	PerAddress int  // auto-replies to one address within Within; 0 = no limit
	PerDomain  int  // the same for one domain; public domains have no limit
	Within     time.Duration
	PerDay     int           // auto-replies to all addresses together within a day; 0 = no limit
	MaxAge     time.Duration // maximum age of a letter that gets an auto-reply; 0 = no limit
	Languages  bool          // letters are written in the customer's language

	Answer         bool            // letters.comment.enabled
	Copy           map[string]bool // mailboxes whose answers also go to people in copy
	Closed         bool            // letters.closed.enabled
	Send           Send
	Delay          time.Duration // minimum age of a comment when it is decided
	MentionInside  bool          // with SendAll: a comment that begins with a mention of a colleague stays inside
	InternalPrefix string        // with SendAll: a comment that begins with it stays inside
	PublicPrefix   string        // with SendMarked: a comment that begins with it goes out, without the prefix
	Combine        bool          // all new comments that a pass finds make one letter
	// comments older than this become a letter each: they may have been sent that way, and the state has lost the
	// record
	Apart       time.Time
	Attachments bool // the files of a comment are sent with it

	Fields   map[string]Fields // settings of new tasks, by mailbox
	Routes   []Route           // the first route that matches the message replaces the settings of its mailbox
	Calendar worktime.Calendar // working hours
	Words    Words
	Lexicon  *Lexicon // compiled Words; nil = Compile compiles them

	Boxes map[string]Policy // policies of the mailboxes with letters of their own, by mailbox

	FromLabels  []string // labels in the header above a quoted letter: of the writer …
	OtherLabels []string // … and of everything else
}

// In returns the policy for the letters of a mailbox.
func (p *Policy) In(mailbox string) *Policy {
	if own, ok := p.Boxes[mailbox]; ok {
		return &own
	}
	return p
}

// Send selects the comments that go to the customer.
type Send string

// The values of Send.
const (
	SendAll     Send = "all"     // all except those with the internal prefix
	SendMarked  Send = "marked"  // those with the public prefix
	SendResults Send = "results" // those marked as the task's result
)

// Words are the lists and patterns that decisions use. They come from a data file.
type Words struct {
	AutoHeaders    []string `yaml:"auto_headers"`    // fields that mean an automatic message
	AutoDelivered  []string `yaml:"auto_delivered"`  // values of Delivered-To that mean an autoresponder
	BulkPrecedence []string `yaml:"bulk_precedence"` // beginnings of Precedence
	ListHeaders    []string `yaml:"list_headers"`    // fields that mean a mailing list; a trailing * matches any ending
	SuppressValues []string `yaml:"suppress_values"` // values of X-Auto-Response-Suppress that suppress the auto-reply
	SystemSenders  []string `yaml:"system_senders"`  // local parts; * matches any text
	ReportTypes    []string `yaml:"report_types"`    // report-type of the reports that mail systems send each other
	ReportHeaders  []string `yaml:"report_headers"`  // header fields of such reports
	ReportSubjects []string `yaml:"report_subjects"` // regular expressions (RE2) of their subjects
	ReportSenders  []string `yaml:"report_senders"`  // regular expressions (RE2) of the local parts that send files …
	ReportFiles    []string `yaml:"report_files"`    // … with names that match these (RE2)
	RobotSenders   []string `yaml:"robot_senders"`   // regular expressions (RE2) on the local part
	OutOfOffice    []string `yaml:"out_of_office"`   // phrases at the beginning of a subject
	// regular expressions (RE2) of what may follow such a phrase without a punctuation mark
	AwayUntil []string `yaml:"away_until"`
	// Re, Fwd and the like: cut from a subject together with the colon
	ReplyPrefixes []string `yaml:"reply_prefixes"`
	// regular expressions (RE2) of the tags that gateways put before a subject in brackets
	GatewayTags     []string `yaml:"gateway_tags"`
	GatewayPrefixes []string `yaml:"gateway_prefixes"` // literal tags of gateways before a colon; case matters
	// regular expressions (RE2) like the next five lists: the pieces of letters that only say thanks
	Greetings     []string `yaml:"greetings"`
	Thanks        []string `yaml:"thanks"`         // the thanks
	ThanksWith    []string `yaml:"thanks_with"`    // phrases that may accompany the thanks
	ThanksNot     []string `yaml:"thanks_not"`     // words that never occur in such a letter
	Names         []string `yaml:"names"`          // names of people; case matters
	Signatures    []string `yaml:"signatures"`     // beginnings of signatures
	SpamMarks     []Mark   `yaml:"spam_marks"`     // fields that receiving filters add to spam
	PublicDomains []string `yaml:"public_domains"` // domains whose users are unrelated to each other
	// regular expressions (RE2) of remarks that the portal makes in the name of a user
	ServiceComments []string `yaml:"service_comments"`
	// regular expressions (RE2) of the text that replaces a deleted message
	DeletedPlaceholder []string `yaml:"deleted_placeholder"`
}

// Mark is a header field with a pattern for its value.
type Mark struct {
	Field string `yaml:"field"`
	// regular expression (RE2); with the groups score and limit, the score must also reach the limit
	Value string `yaml:"value"`
}

// Questions lists what must be looked up before a message is decided.
type Questions struct {
	Key     string   // the message's own key, to see whether it has been recorded
	IDs     []string // Message-IDs, newest first: In-Reply-To, then References from the end
	Tasks   []int64  // task numbers of subject tokens with the right check digits
	Address string   // the sender, folded
	Subject string   // normalised; "" = too short to distinguish requests
	Bounced []string // Message-IDs of our letters that a delivery report names

	// keys under which limits count the auto-reply: addresses without +tags, and @domains that are not public
	Counted  []string
	Arrivals []string // keys under which the letter itself is counted, as in Counted
	Reply    string   // address that an auto-reply would go to, folded
	Senders  []string // all addresses that exclusions are matched against, folded
	Pictures []string // hashes of the small pictures in it
}

// Facts contains everything besides the message that a decision may depend on.
type Facts struct {
	Now      time.Time
	Signer   Signer
	Instance string // value of our loop header

	Recorded bool              // a message with the same key was recorded before, from any mailbox
	Known    map[string]Link   // the known ones of the ids asked for
	Tasks    map[int64]uint64  // ticket numbers, by the task numbers asked for
	Same     []uint64          // numbers of tickets with the same address and subject, newest first
	Tickets  map[uint64]Ticket // every ticket named above, with its current Status
	InSent   bool              // the letter that it answers is in our Sent folder
	Excluded []Exclusion       // those of `exclude add`
	Replies  Replies
	Arrivals []Arrivals // counters of the keys asked for
	// an earlier letter to the address of the auto-reply came back for good, and that address has not written since
	Undelivers bool
	Locale     string // language of the sender's earlier letters; "" = unknown

	Pictures map[string]int // number of earlier letters of this sender with the picture, by hash
}

// Replies counts the auto-replies within the policy's window.
type Replies struct {
	Address int // to the sender's address or the one that gets the reply, whichever is more
	Domain  int // to the domain of either, whichever is more
	Subject int // to one of the addresses, with this normalised subject
	Day     int // to all addresses together, within a day
}

// Verdict is the outcome of a decision.
type Verdict string

// The verdicts.
const (
	Task       Verdict = "task"       // a new task
	Commented  Verdict = "comment"    // a comment on a known task
	Ignored    Verdict = "ignored"    // nothing
	Duplicate  Verdict = "duplicate"  // nothing is done: the message was recorded before
	Quarantine Verdict = "quarantine" // kept for a person to look at
	Announced  Verdict = "letter"     // a letter to the customer
	Inside     Verdict = "inside"     // nothing in it is for the customer
	Later      Verdict = "later"      // a letter to the customer, when the comment is old enough
)

// Group names a set of rules by what they decide.
type Group string

// The groups of rules, in the order they are asked.
const (
	GroupBefore    Group = "before"     // whether a message has been recorded before
	GroupClass     Group = "class"      // what a message is
	GroupReport    Group = "report"     // whether a report is believed
	GroupThread    Group = "thread"     // which ticket a message belongs to
	GroupStanding  Group = "standing"   // the state of that ticket, or of a changed task
	GroupAutoReply Group = "auto-reply" // whether the auto-reply is suppressed
	GroupCopy      Group = "copy"       // who gets answers in copy
	GroupFiles     Group = "files"      // which files are not uploaded
	GroupRouting   Group = "routing"    // which settings a new task gets
	GroupLetter    Group = "letter"     // which auto-reply goes out
	GroupComment   Group = "comment"    // whether a comment goes to the customer
)

// Reason is one question that was asked, and whether it hit.
type Reason struct {
	Group Group  `json:"group"`
	Rule  string `json:"rule"`
	Note  string `json:"note"` // what was found, or what was looked for
	Hit   bool   `json:"hit"`
}

// Decision is the result of Decide or Announce.
type Decision struct {
	Verdict   Verdict `json:"verdict"`
	Class     string  `json:"class"` // human, bounce, automatic …: the third column of the rules in docs/decisions.md
	AutoReply bool    `json:"auto_reply"`
	Capped    bool    `json:"capped,omitempty"` // only a limit prevented the auto-reply
	// for a new task without an auto-reply: the rule that names the reason
	Unanswered string   `json:"unanswered,omitempty"`
	Reasons    []Reason `json:"reasons"`

	Key    string          `json:"key"`              // key of the message
	Ticket *Ticket         `json:"ticket,omitempty"` // the ticket after the decision; Number 0 = a new one; nil = none
	Thread map[string]Link `json:"thread,omitempty"` // Message-IDs to remember; Ticket 0 = the new ticket
	Hits   []string        `json:"hits,omitempty"`   // Match of the exclusions that hit
	Failed []string        `json:"failed,omitempty"` // addresses that a report says cannot be delivered to
	Locale string          `json:"-"`                // language of the sender, to be remembered; "" = uncertain

	DayFull bool     `json:"-"` // the daily limit prevented the auto-reply
	Counted []string `json:"-"` // keys under which the letter is counted, as in Questions.Arrivals
	Gathers string   `json:"-"` // key whose further letters the new ticket collects; "" = none

	Cc []Address `json:"-"` // recipients in copy of the answers

	Wait time.Duration `json:"wait,omitempty"` // until the first postponed comment may be decided; 0 = none

	Effects []Effect `json:"effects"`
}

// Change is what happened to a task.
type Change struct {
	State    TaskState
	Comments []Comment // comments newer than the ticket's LastComment, oldest first
	ReadAt   time.Time // portal's clock at the time of reading
	Rewound  bool      // Comments are those newer than the ticket's ReadUpTo, whatever their numbers
}

// AnnounceFacts contains everything besides the change that Announce may depend on.
type AnnounceFacts struct {
	Now    time.Time
	Signer Signer
	Ticket Ticket
	Selves []int64 // portal users under whom our posts were written

	Excluded   []Exclusion // those of `exclude add`
	Undelivers bool        // mail to the ticket's address came back for good, and nobody has written from it since

	Returned []string // addresses in the ticket's Copied to which this applies as well
}
