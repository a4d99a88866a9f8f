package desk

import (
	"crypto/sha256"
	"time"
)

// Pending is an effect in the outbox, with the state of its attempts.
type Pending struct {
	Seq      uint64    `json:"seq"`
	Effect   Effect    `json:"effect"`
	Added    time.Time `json:"added"`
	Tries    int       `json:"tries,omitempty"`
	First    time.Time `json:"first,omitzero"`   // time of the first attempt
	Last     time.Time `json:"last,omitzero"`    // time of the latest attempt
	Next     time.Time `json:"next,omitzero"`    // earliest time of the next attempt
	Unsure   bool      `json:"unsure,omitempty"` // an attempt was started whose outcome is unknown
	Failures int       `json:"blamed,omitempty"` // failed attempts while every server was available
	Stuck    time.Time `json:"stuck,omitzero"`   // time since which one of its files cannot be transferred
	Freed    bool      `json:"freed,omitempty"`  // a person ordered another attempt: the settings may have changed
	Held     bool      `json:"held,omitempty"`   // waits for a person
	Told     bool      `json:"told,omitempty"`   // its task says that it could not be made yet
	Note     string    `json:"note,omitempty"`   // why the latest attempt failed
}

// Attempts is recorded before effects are attempted: their numbers, and what was uploaded and looked up for them.
type Attempts struct {
	Seqs    []uint64
	Files   map[uint64][]File   // files of the effects as uploaded to the portal, by Seq
	Missing map[uint64][]string // names of files that are no longer available, by Seq
	Fields  map[uint64]Fields   // settings of new tasks that were renewed, by Seq
	Source  string              // name of the directory that was queried
	Asked   []string            // addresses it was queried for
	Found   map[string]Profile  // its answers by address; a missing address is not in the directory
}

// Result is the outcome of one attempt. Exactly one of Done, Dropped, Again, Hold and Replace is set.
type Result struct {
	Seq uint64

	Done    bool    // it was made and leaves the outbox
	Dropped string  // it leaves the outbox without being made, for this reason
	Again   bool    // it was not made, or the outcome is unknown: it stays and is tried again at Next
	Hold    bool    // it stays until a person decides
	Replace *Effect // another effect takes its place

	Made   Made      // with Done
	Effect *Effect   // with Done of a task or comment: as it was made; nil = as it was queued
	ID     string    // with Done of a letter: its Message-ID
	Sent   string    // with Done of a letter: its text; "" = the ticket already has it
	Cc     []string  // with Done of a letter: the addresses in copy
	Copy   []byte    // with Done of a letter: its bytes, if its mailbox is to get a copy
	Words  string    // with Done of a letter that contains a specialist's words: that specialist's name
	Unsure bool      // with Again
	Next   time.Time // with Again
	Own    bool      // with Again: the effect itself may be the cause, since every server was available
	Stuck  bool      // with Again: one of its files cannot be transferred
	Told   bool      // with Again and Hold: its task says so
	Note   string    // with Again, Hold and Replace: why
	Gone   bool      // the ticket's task does not exist any more
	Failed string    // the requester's address is undeliverable, for this reason
	Return string    // this address in copy is undeliverable
	Then   []Effect  // to be queued after all effects of the ticket
}

// Copy is a sent letter whose copy is to be put into its mailbox.
type Copy struct {
	Seq     uint64    `json:"seq"`
	Mailbox string    `json:"mailbox"`
	ID      string    `json:"message_id"`
	Ticket  uint64    `json:"ticket,omitempty"` // not kept by earlier versions
	To      string    `json:"to,omitempty"`     // not kept by earlier versions
	At      time.Time `json:"at"`               // when it was sent
	Size    int       `json:"size"`             // bytes
	Tries   int       `json:"tries,omitempty"`
	Tried   bool      `json:"tried,omitempty"` // a copy may already be there
}

// Entry is a message that is about to be recorded.
type Entry struct {
	Listing
	Questions Questions
	ID        string
	From      Address
	Subject   string
	Oversize  bool // only its header was read
}

// Progress is how far the processing of a message has come.
type Progress struct {
	ID       string // Message-ID in its record
	Known    bool   // it has been recorded
	Decided  bool   // its decision has been recorded; it is not only in the quarantine
	Ready    bool   // its task or comment has been made, or it gets neither: it may be marked on the server
	Oversize bool   // only its header was read; the rest is in the mailbox
	Tries    int    // number of passes that failed to process it
	Note     string // why the last of them failed
	Held     bool   // it is in the quarantine
}

// Record is what the state keeps about a message.
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
	Rules      []string  `json:"rules"`                // ids of the rules that hit
	Unanswered string    `json:"unanswered,omitempty"` // as in Decision; not kept by earlier versions
	Ticket     uint64    `json:"ticket,omitempty"`
	Senders    []string  `json:"senders,omitempty"` // further addresses that exclusions are matched against, folded
}

// Step is an entry in a ticket's journal: what was done, and when.
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
	// names of the files in the task or comment; not kept by earlier versions
	Files   []string `json:"files,omitempty"`
	Letters int      `json:"letters,omitempty"` // as counted by Letters, of the text; not kept by earlier versions
}

// Quarantined is a message that could not be processed. Its bytes are kept with it while there is room; otherwise only
// its mailbox has them.
type Quarantined struct {
	Seq     uint64    `json:"seq"`
	Place   Place     `json:"place"`
	Stamp   string    `json:"stamp,omitempty"` // Stamp of its listing; not kept by earlier versions
	Size    int64     `json:"size"`
	ID      string    `json:"message_id,omitempty"` // "" = its header was not read
	Hash    string    `json:"sha256,omitempty"`     // SHA-256 of its bytes, hex; "" = they were never read
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Cause   string    `json:"cause"`
	Arrived time.Time `json:"arrived,omitzero"` // when it arrived in its mailbox; not kept by earlier versions
	At      time.Time `json:"at"`               // when it was put into the quarantine
	Whole   bool      `json:"whole"`            // its bytes are kept here
	Again   bool      `json:"again,omitempty"`  // the next pass tries it again
	Ticket  uint64    `json:"ticket,omitempty"`
}

// KeptMost is the size in bytes up to which the quarantine keeps a message. Larger ones stay in their mailbox.
const KeptMost = 1 << 20

// Keeping is what is put into the quarantine for a message besides its entry.
type Keeping struct {
	Key   string // key under which the message counts as processed
	Cause string // why it could not be processed
	Raw   []byte // bytes of the message; nil = it is too large, or was never read
	Hash  string // SHA-256 of the bytes, hex; "" = they were never read
	Stays bool   // marking it would move it on the server, so it is marked only if its bytes are kept
}

// Told records what the specialists were told about the quarantine within a day.
type Told struct {
	Ticket *Ticket // ticket whose task shows it; nil = none yet
	Count  int     // messages shown there
}

// Reading is how far the portal has been read.
type Reading struct {
	Activity time.Time `json:"activity,omitzero"` // the newest change seen, by the portal's clock
	// tasks whose comments could not be read, were too young, or may have been missed, by number
	Unread map[int64]Unread `json:"unread,omitempty"`
	// when the portal was last found restored from a backup
	Restored time.Time `json:"restored,omitzero"`
}

// Unread is a task whose comments must be read even if it does not change again.
type Unread struct {
	Tries    int       `json:"tries"`
	Next     time.Time `json:"next"`           // earliest time of reading, unless the task changes again
	Seen     time.Time `json:"seen,omitzero"`  // the task's activity at the last reading
	Reported bool      `json:"told,omitempty"` // it has been reported to a person
}

// LongestPause is longer than any pause between two attempts, including pauses that a server asks for.
const LongestPause = 24 * time.Hour

// Backoff returns the pause after a number of tries. It doubles from 45 seconds, so that the next run tries again, to
// six hours. A jitter of up to a fifth is added that depends only on the key.
func Backoff(tries int, key string) time.Duration {
	const first, most = 45 * time.Second, 6 * time.Hour
	d := most
	if tries < 10 {
		d = min(first<<max(tries-1, 0), most)
	}
	jitter := sha256.Sum256([]byte(key))
	return d + d/5/256*time.Duration(jitter[0])
}
