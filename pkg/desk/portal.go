package desk

import "time"

// Status is how a ticket stands.
type Status string

// The states of a ticket.
const (
	Open Status = "open"
	Done Status = "closed"
	Gone Status = "gone" // its task was deleted
)

// TaskState is what the portal says of one task.
type TaskState struct {
	Task     int64
	Status   Status
	Title    string
	Mark     string    // XML_ID: whose task it is
	Chat     int64     // id of the task's chat (new card), 0 = none known
	Activity time.Time // when somebody last commented it
	Changed  time.Time
	ClosedAt time.Time
}

// Owns reports whether a task of the ticket's number and that mark is the ticket's: of a portal restored from a backup
// the number may be another task's. Where the portal never showed the mark, the number must do.
func (t *Ticket) Owns(mark string) bool { return t.Mark == "" || t.Mark == mark }

// Renumbered reports whether a comment that is new has a number which was given to another one before.
func (t *Ticket) Renumbered(c Comment) bool {
	return !c.Late && c.ID <= t.LastComment || c.ResultID != 0 && c.ResultID <= t.LastResult
}

// Changes is what the portal says happened since a cursor.
type Changes struct {
	Tasks []TaskState
	Now   time.Time // the portal's clock when it answered
}

// Watch asks for the comments of one task newer than the last known one.
type Watch struct {
	Task int64
	Chat int64 // 0 = not known
	Last int64 // id of the newest comment already read, 0 = none

	LastResult int64 // id of the newest result already read, 0 = none

	// A portal restored from a backup gives the same numbers to other comments, below Last, too.
	LastAt time.Time // date of the comment Last, zero = not known
	Since  time.Time // everything up to then was read; zero = not known
}

// Talk is the answer to a Watch.
type Talk struct {
	Task     int64
	Chat     int64
	Comments []Comment // oldest first
	Err      error     // why this one could not be read
	Barred   bool      // the task is there, but its talk is closed to our user
	Rewound  bool      // the last comment known is not there, or another is: they are those after the watch's Since
}

// Profile is a contact as a directory knows them.
type Profile struct {
	Name   string   `json:"name"`
	CRM    []string `json:"crm,omitempty"` // codes of the portal's CRM, C_275
	Source string   `json:"source"`        // directory, bitrix24, onec
}

// Made is what became of one effect on the portal.
type Made struct {
	Task    int64 // of OpenTask
	Comment int64 // of CommentTask, 0 where the portal does not say
	Chat    int64
	Missing []int // of the effect's files, those that the portal did not keep
	Seen    bool  // the portal shows it, if not its files; false where it merely answered well
	Found   bool  // it was there already, from an attempt of which nothing was known
	Err     error // wraps a fault.Error; nil = made
}

// Unconfirmed is an effect that the portal answered to have made, and has not been seen there.
type Unconfirmed struct {
	Effect  Effect    `json:"effect"` // with the task's number, and the chat's
	Comment int64     `json:"comment,omitempty"`
	At      time.Time `json:"at"`              // when it was made
	Looks   int       `json:"looks,omitempty"` // how often it was looked for in vain
	Looked  time.Time `json:"looked,omitzero"`
	Again   bool      `json:"again,omitempty"` // it was made for the second time
	Seen    bool      `json:"seen,omitempty"`  // only its files have not been seen

	Letters int `json:"-"` // of its text, as Letters counts them; 0 = the text is not compared
}

// Looked is what came of a look at something unconfirmed. Without any of Seen, Again and Hold it is looked for again.
type Looked struct {
	Key    string   // of the effect
	Seen   bool     // it is there
	Again  bool     // it is to be made once more, by another way
	Hold   string   // it is kept for a person, for this reason
	Missed int      // 1 = it was not there, or not whole
	Then   []Effect // with Seen: to be queued behind everything of the ticket
}

// Sight is what a look shows of something unconfirmed.
type Sight struct {
	There   bool
	Deleted bool  // it was there, and somebody has taken it back; of messages alone, as other comments leave no trace
	Missing []int // of its files, those that are not there
	Letters int   // of the text that is shown, where that was asked for
	Times   int   // how often the text of a comment is there
	Err     error // it could not be looked at
}

// Prepared is what the portal must know or hold before effects can be made.
type Prepared struct {
	Profiles map[string]Profile // by folded address; an address that is missing is not known there
	Asked    bool               // the CRM was asked; false where the webhook may not read it
	Objects  []int64            // Drive objects of the files asked for, in their order; 0 = see Errs
	Errs     []error            // why a file was not taken, in the order of the files; nil = it was
}

// Accepted is a difference between what we recorded and what there is that a person knows of and wants to hear of no
// more.
type Accepted struct {
	ID      string    `json:"id"` // of the difference
	What    string    `json:"what"`
	Mailbox string    `json:"mailbox,omitempty"`
	UID     uint32    `json:"uid,omitempty"`
	Ticket  uint64    `json:"ticket,omitempty"`
	Task    int64     `json:"task,omitempty"`
	File    string    `json:"file,omitempty"`
	At      time.Time `json:"at"` // when it was accepted
	By      string    `json:"by,omitempty"`
	Note    string    `json:"note,omitempty"`
	Effect  string    `json:"effect,omitempty"` // key of what was made and is not there, or not whole
}
