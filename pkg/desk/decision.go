package desk

import (
	"time"

	"helpdesk/pkg/worktime"
)

// Policy is what the settings and data files say, as far as decisions depend on it.
type Policy struct {
	Own        []string    // folded addresses that are ours: the senders of the mailboxes and mail.own
	OwnNames   []string    // the names beside them
	Staff      []string    // patterns as in exclusions
	Exclusions []Exclusion // those of the settings
	TrustAuth  string      // authserv-id whose verdicts are believed; "" = none
	Automatic  string      // task or ignore
	Bulk       string      // task or ignore
	Spam       string      // quiet, task or ignore

	StaffForward bool // what a specialist forwards to us is the request of whoever wrote it

	Flood       int           // letters of one address or domain within FloodWithin that make tasks; 0 = no limit
	FloodWithin time.Duration // at most a day

	Reopen       bool
	ReopenWithin time.Duration // after closing
	SameSubject  time.Duration // 0 = off

	AutoReply  bool // letters.received.enabled
	OffHours   bool // letters.received.off_hours.enabled
	PerAddress int  // auto-replies within Within; 0 = no limit
	PerDomain  int  // the same; public domains have none
	Within     time.Duration
	PerDay     int           // auto-replies to anybody within a day; 0 = no limit
	MaxAge     time.Duration // of a letter that still gets an auto-reply; 0 = no limit
	Languages  bool          // letters are in the customer's language

	Answer         bool            // letters.comment.enabled
	Copy           map[string]bool // mailboxes whose answers go to those in copy, too
	Closed         bool            // letters.closed.enabled
	Send           Send
	Delay          time.Duration // a comment is decided when it is that old
	MentionInside  bool          // with all: a comment that begins with a mention of a colleague stays inside
	InternalPrefix string        // with all: stays inside
	PublicPrefix   string        // with marked: goes out, without the prefix
	Combine        bool          // several comments between two passes make one letter
	// comments from before make a letter each: they may have gone out so, though the state has forgotten it
	Apart       time.Time
	Attachments bool // files of a comment go out with it

	Fields   map[string]Fields // by mailbox: the settings of new tasks
	Routes   []Route           // the first that fits a new task's message takes the place of its mailbox's settings
	Calendar worktime.Calendar // when people work
	Words    Words
	Lexicon  *Lexicon // what Words was compiled into; nil = Compile does that

	Boxes map[string]Policy // the same for the mailboxes whose letters are otherwise

	FromLabels  []string // lines of the header above a quoted letter: who wrote it …
	OtherLabels []string // … and the others
}

// In returns what holds for the letters of a mailbox.
func (p *Policy) In(mailbox string) *Policy {
	if own, ok := p.Boxes[mailbox]; ok {
		return &own
	}
	return p
}

// Send says which comments go to the customer.
type Send string

// The values of Send.
const (
	SendAll     Send = "all"     // all but those with the internal prefix
	SendMarked  Send = "marked"  // those with the public prefix
	SendResults Send = "results" // those marked as the task's result
)

// Words are the lists and patterns decisions go by; they come from a data file.
type Words struct {
	AutoHeaders    []string `yaml:"auto_headers"`    // present = automatic
	AutoDelivered  []string `yaml:"auto_delivered"`  // values of Delivered-To that tell an autoresponder
	BulkPrecedence []string `yaml:"bulk_precedence"` // what Precedence begins with
	ListHeaders    []string `yaml:"list_headers"`    // present = list; a trailing * is any ending
	SuppressValues []string `yaml:"suppress_values"` // of X-Auto-Response-Suppress that ask for silence
	SystemSenders  []string `yaml:"system_senders"`  // local parts; * is any text
	ReportTypes    []string `yaml:"report_types"`    // report-type of mail systems' reports to each other
	ReportHeaders  []string `yaml:"report_headers"`  // fields of such reports
	ReportSubjects []string `yaml:"report_subjects"` // regular expressions (RE2) of their subjects
	ReportSenders  []string `yaml:"report_senders"`  // regular expressions (RE2) of the local parts that send …
	ReportFiles    []string `yaml:"report_files"`    // … files whose names are like these (RE2)
	RobotSenders   []string `yaml:"robot_senders"`   // regular expressions (RE2) on the local part
	OutOfOffice    []string `yaml:"out_of_office"`   // what a subject begins with
	// regular expressions (RE2) of what may follow that without a mark
	AwayUntil []string `yaml:"away_until"`
	// Re, Fwd and their like: cut from a subject together with the colon
	ReplyPrefixes []string `yaml:"reply_prefixes"`
	// regular expressions (RE2) of what gateways put before a subject in brackets
	GatewayTags     []string `yaml:"gateway_tags"`
	GatewayPrefixes []string `yaml:"gateway_prefixes"` // the same before a colon; case matters
	// regular expressions (RE2), as all of these: what letters that only thank are made of
	Greetings     []string `yaml:"greetings"`
	Thanks        []string `yaml:"thanks"`         // the thanks
	ThanksWith    []string `yaml:"thanks_with"`    // what is said besides
	ThanksNot     []string `yaml:"thanks_not"`     // words that no such letter holds
	Names         []string `yaml:"names"`          // whom it names; case matters
	Signatures    []string `yaml:"signatures"`     // what its signature begins with
	SpamMarks     []Mark   `yaml:"spam_marks"`     // what receiving filters write on spam
	PublicDomains []string `yaml:"public_domains"` // domains whose users have nothing to do with each other
	// regular expressions (RE2) of the portal's own remarks in the name of a user
	ServiceComments []string `yaml:"service_comments"`
	// regular expressions (RE2) of what stands for a deleted message
	DeletedPlaceholder []string `yaml:"deleted_placeholder"`
}

// Mark is a field of a header and how its value looks.
type Mark struct {
	Field string `yaml:"field"`
	// regular expression (RE2); where it has the groups score and limit, the score must reach the limit
	Value string `yaml:"value"`
}

// Questions is what must be looked up before a message can be decided.
type Questions struct {
	Key     string   // the message's own key: has it been recorded?
	IDs     []string // Message-IDs, newest first: In-Reply-To, then References from the end
	Tasks   []int64  // task numbers of subject tokens with the right check digits
	Address string   // the sender, folded
	Subject string   // normalised; "" = too short to tell
	Bounced []string // own Message-IDs a delivery report names

	// whom limits count a letter and its auto-reply for: addresses without +tags, and @domains that are not public
	Counted  []string
	Arrivals []string // whom the letter itself is counted for, as in Counted
	Reply    string   // where an auto-reply would go, folded
	Senders  []string // all addresses that exclusions are held against, folded
	Pictures []string // hashes of the small pictures in it
}

// Facts is all a decision about a message may know.
type Facts struct {
	Now      time.Time
	Signer   Signer
	Instance string // value of our loop header

	Recorded bool              // a message of the same key was recorded before, from whatever mailbox
	Known    map[string]Link   // those of the asked ids that are known
	Tasks    map[int64]uint64  // the tickets of the asked task numbers
	Same     []uint64          // tickets of the same address and subject, newest first
	Tickets  map[uint64]Ticket // every ticket the above speak of, its Status fresh
	InSent   bool              // the letter it answers lies in our Sent folder
	Excluded []Exclusion       // those of `exclude add`
	Replies  Replies
	Arrivals []Arrivals // of those asked for
	// an earlier letter to where the auto-reply would go came back for good, and it has not written since
	Undelivers bool
	Locale     string // what the sender's letters were written in; "" = not known

	Pictures map[string]int // of the asked hashes: how many earlier letters of this sender had the picture
}

// Replies counts the auto-replies within the policy's window.
type Replies struct {
	Address int // for the sender's address, or the one that gets it: whichever had more
	Domain  int // for the domain of one of them
	Subject int // for one of the addresses and this normalised subject
	Day     int // for anybody, within a day
}

// Verdict is what becomes of a message.
type Verdict string

// The verdicts.
const (
	Task       Verdict = "task"       // a new task
	Commented  Verdict = "comment"    // a comment on a known task
	Ignored    Verdict = "ignored"    // nothing
	Duplicate  Verdict = "duplicate"  // nothing: it has been recorded before
	Quarantine Verdict = "quarantine" // kept whole for a person
	Announced  Verdict = "letter"     // a letter to the customer
	Inside     Verdict = "inside"     // nothing in it is for the customer
	Later      Verdict = "later"      // a letter to the customer, when the comment is old enough
)

// Group is what some rules decide together.
type Group string

// The groups of rules, in the order they are asked.
const (
	GroupBefore    Group = "before"     // whether a message has been recorded before
	GroupClass     Group = "class"      // what a message is
	GroupReport    Group = "report"     // whether a report is believed
	GroupThread    Group = "thread"     // whose ticket a message belongs to
	GroupStanding  Group = "standing"   // how that ticket, or a changed task, stands
	GroupAutoReply Group = "auto-reply" // what takes the auto-reply away
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

// Decision is what follows from a message or a change.
type Decision struct {
	Verdict   Verdict `json:"verdict"`
	Class     string  `json:"class"` // human, bounce, automatic …: column three of the rules
	AutoReply bool    `json:"auto_reply"`
	Capped    bool    `json:"capped,omitempty"` // it would have had one, but for a limit
	// of a new task without an auto-reply: the rule that is the reason
	Unanswered string   `json:"unanswered,omitempty"`
	Reasons    []Reason `json:"reasons"`

	Key    string          `json:"key"`              // the message's own
	Ticket *Ticket         `json:"ticket,omitempty"` // as it shall be afterwards; Number 0 = a new one; nil = none
	Thread map[string]Link `json:"thread,omitempty"` // ids to remember; Ticket 0 = the new ticket
	Hits   []string        `json:"hits,omitempty"`   // Match of the exclusions that hit
	Failed []string        `json:"failed,omitempty"` // addresses that can't be delivered to, from a report
	Locale string          `json:"-"`                // what the sender writes in, to be remembered; "" = not certain

	DayFull bool     `json:"-"` // it would have had one, but for the limit of a day
	Counted []string `json:"-"` // for whom the letter is counted, as in Questions.Arrivals
	Gathers string   `json:"-"` // for whom the new ticket gathers further letters; "" = it does not

	Cc []Address `json:"-"` // who gets answers to the change in copy

	Wait time.Duration `json:"wait,omitempty"` // until a comment that is too young may be decided; 0 = none is

	Effects []Effect `json:"effects"`
}

// Change is what happened to a task.
type Change struct {
	State    TaskState
	Comments []Comment // newer than the ticket's LastComment, oldest first
	ReadAt   time.Time // the portal's clock when they were read
	Rewound  bool      // they are newer than the ticket's ReadUpTo, whatever their numbers
}

// AnnounceFacts is all a decision about a change may know.
type AnnounceFacts struct {
	Now    time.Time
	Signer Signer
	Ticket Ticket
	Selves []int64 // whom the portal has known us as: the users who wrote our posts

	Excluded   []Exclusion // those of `exclude add`
	Undelivers bool        // an earlier letter to where answers go came back for good, and it has not written since

	Returned []string // those of the ticket's Copied of whom the same is true
}
