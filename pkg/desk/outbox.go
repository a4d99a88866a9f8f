package desk

import (
	"crypto/sha256"
	"time"
)

// Pending is an effect in the outbox, with what became of its attempts.
type Pending struct {
	Seq      uint64    `json:"seq"`
	Effect   Effect    `json:"effect"`
	Added    time.Time `json:"added"`
	Tries    int       `json:"tries,omitempty"`
	First    time.Time `json:"first,omitzero"`   // the first attempt
	Last     time.Time `json:"last,omitzero"`    // the latest attempt
	Next     time.Time `json:"next,omitzero"`    // not before that
	Unsure   bool      `json:"unsure,omitempty"` // an attempt was begun and its outcome is not known
	Failures int       `json:"blamed,omitempty"` // attempts that came to nothing while no server was away
	Stuck    time.Time `json:"stuck,omitzero"`   // since when a file of it does not get through
	Freed    bool      `json:"freed,omitempty"`  // a person lets it be tried again: the settings may be others now
	Held     bool      `json:"held,omitempty"`   // kept for a person
	Told     bool      `json:"told,omitempty"`   // its task says that it does not get out
	Note     string    `json:"note,omitempty"`   // why the latest attempt failed
}

// Attempts is what is noted before effects are attempted: which, and what was brought to the portal and found out for
// them.
type Attempts struct {
	Seqs    []uint64
	Files   map[uint64][]File   // of effects, as they are on the portal now
	Missing map[uint64][]string // names of those that can't be had any more
	Fields  map[uint64]Fields   // of tasks whose settings were renewed
	Source  string              // the directory that was asked
	Asked   []string            // for these addresses
	Found   map[string]Profile  // what it said; an address that is missing is not known there
}

// Result is what became of one attempt; exactly one of its outcomes is set.
type Result struct {
	Seq uint64

	Done    bool    // made: it leaves the outbox
	Dropped string  // it leaves the outbox unmade, for this reason
	Again   bool    // not made, or not known: it stays, to be tried at Next
	Hold    bool    // it stays for a person
	Replace *Effect // it gives its place to another effect

	Made   Made      // with Done
	ID     string    // with Done of a letter: its Message-ID
	Sent   string    // with Done of a letter: its text; "" = the ticket has had it
	Cc     []string  // with Done of a letter: who had it in copy
	Copy   []byte    // with Done of a letter: its bytes, where its mailbox is to have a copy
	Words  string    // with Done of a letter with a specialist's words: that specialist's name
	Unsure bool      // with Again
	Next   time.Time // with Again
	Own    bool      // with Again: the failure may be its own, and no server was away
	Stuck  bool      // with Again: a file of it does not get through
	Told   bool      // with Again and Hold: its task is told
	Note   string    // with Again, Hold and Replace: why
	Gone   bool      // the ticket's task does not exist any more
	Failed string    // the requester's address can't be delivered to, for this reason
	Return string    // this address in copy can't be delivered to
	Then   []Effect  // to be queued behind everything of the ticket
}

// Copy is a letter that went out and of which its mailbox is to have a copy.
type Copy struct {
	Seq     uint64    `json:"seq"`
	Mailbox string    `json:"mailbox"`
	ID      string    `json:"message_id"`
	Ticket  uint64    `json:"ticket,omitempty"` // not kept by earlier versions
	To      string    `json:"to,omitempty"`     // likewise
	At      time.Time `json:"at"`               // when it went out
	Size    int       `json:"size"`             // bytes
	Tries   int       `json:"tries,omitempty"`
	Tried   bool      `json:"tried,omitempty"` // the copy may be there
}

// Entry is a message about to be recorded.
type Entry struct {
	Listing
	Questions Questions
	ID        string
	From      Address
	Subject   string
	Oversize  bool // only its header was read
}

// Progress is how far a message has come.
type Progress struct {
	ID       string // the message's, as it was recorded
	Known    bool   // it has been recorded
	Decided  bool   // and so has a decision: it is no longer in the quarantine alone
	Ready    bool   // its task or comment is made, or none is due: it may be marked
	Oversize bool   // only its header was read: the mailbox has the rest
	Tries    int    // passes that could not process it
	Note     string // why not
	Held     bool   // it lies in the quarantine
}

// Record is what we keep of a message.
type Record struct {
	Key        string    `json:"key"`
	ID         string    `json:"message_id"`
	From       Address   `json:"from"`
	Subject    string    `json:"subject"`
	Received   time.Time `json:"received"`
	At         time.Time `json:"at"`
	Place      Place     `json:"place"`
	Verdict    Verdict   `json:"verdict"`
	Class      string    `json:"class"`
	AutoReply  bool      `json:"auto_reply"`
	Rules      []string  `json:"rules"`                // those that hit
	Unanswered string    `json:"unanswered,omitempty"` // as in Decision; not kept by earlier versions
	Ticket     uint64    `json:"ticket,omitempty"`
	Senders    []string  `json:"senders,omitempty"` // further addresses that exclusions are held against, folded
}

// Step is an entry of a ticket's journal: what was done, when.
type Step struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"` // message, open, comment, letter …
	Key     string    `json:"key,omitempty"`
	ID      string    `json:"message_id,omitempty"`
	To      string    `json:"to,omitempty"`
	Cc      []string  `json:"cc,omitempty"`
	Task    int64     `json:"task,omitempty"`
	Comment int64     `json:"comment,omitempty"`
	Note    string    `json:"note,omitempty"`
	// names of those that the task or comment was made with; not kept by earlier versions
	Files   []string `json:"files,omitempty"`
	Letters int      `json:"letters,omitempty"` // of the text it was made with, as Letters counts them; likewise
}

// Quarantined is a message that could not be processed. Its bytes are kept with it as far as there is room; else its
// mailbox has them.
type Quarantined struct {
	Seq     uint64    `json:"seq"`
	Place   Place     `json:"place"`
	Stamp   string    `json:"stamp,omitempty"` // of its listing; not kept by earlier versions
	Size    int64     `json:"size"`
	ID      string    `json:"message_id,omitempty"` // where its header was read
	Hash    string    `json:"sha256,omitempty"`     // of its bytes, in hex; "" = they were never read
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Cause   string    `json:"cause"`
	Arrived time.Time `json:"arrived,omitzero"` // in its mailbox; not kept by earlier versions
	At      time.Time `json:"at"`               // when it was put there
	Whole   bool      `json:"whole"`            // its bytes are kept with it
	Again   bool      `json:"again,omitempty"`  // the next pass tries it again
	Ticket  uint64    `json:"ticket,omitempty"`
}

// KeptMost is how long a message may be that the quarantine keeps, in bytes. Longer ones stay in their mailbox.
const KeptMost = 1 << 20

// Keeping is what the quarantine is given of a message besides its entry.
type Keeping struct {
	Key   string // the message counts as done under it
	Cause string // why it could not be processed
	Raw   []byte // nil = it is too long, or was never read
	Hash  string // SHA-256 of its bytes, in hex; "" = they were never read
	Stays bool   // marking would move it, so that it is not marked unless its bytes are kept
}

// Told is what people were told of the quarantine within a day.
type Told struct {
	Ticket *Ticket // whose task tells; nil = none yet
	Count  int     // messages it has told of
}

// Reading is how far we have read the portal.
type Reading struct {
	Activity time.Time `json:"activity,omitzero"` // the newest change seen, by the portal's clock
	// tasks whose comments could not be read, were too young, or may have been passed over
	Unread map[int64]Unread `json:"unread,omitempty"`
	// when the portal was last found to have been restored from a backup
	Restored time.Time `json:"restored,omitzero"`
}

// Unread is a task whose comments are to be read, whether it changes again or not.
type Unread struct {
	Tries    int       `json:"tries"`
	Next     time.Time `json:"next"`           // not before that, unless the task changes again
	Seen     time.Time `json:"seen,omitzero"`  // its activity then
	Reported bool      `json:"told,omitempty"` // a person was told
}

// LongestPause is more than any pause between two attempts, those that a server asks for included.
const LongestPause = 24 * time.Hour

// Backoff returns how long to wait after so many tries: doubling from three quarters of a minute, so that the next run
// tries again, to six hours, with a jitter of up to a fifth that depends on the key alone.
func Backoff(tries int, key string) time.Duration {
	const first, most = 45 * time.Second, 6 * time.Hour
	d := most
	if tries < 10 {
		d = min(first<<max(tries-1, 0), most)
	}
	jitter := sha256.Sum256([]byte(key))
	return d + d/5/256*time.Duration(jitter[0])
}
