package desk

import "time"

// Status is the state of a ticket.
type Status string

// The values of Status.
const (
	Open Status = "open"
	Done Status = "closed"
	Gone Status = "gone" // its task was deleted
)

// TaskState is what the portal says about one task.
type TaskState struct {
	Task     int64
	Status   Status
	Title    string
	Mark     string    // XML_ID, which says whose task it is
	Chat     int64     // id of the task's chat (new card); 0 = unknown
	Activity time.Time // time of the last comment
	Changed  time.Time
	ClosedAt time.Time
}

// Owns reports whether the task with the ticket's task number and this mark is the ticket's. If the portal was restored
// from a backup, the number may belong to another task. If the portal has never shown a mark, the number is enough.
func (t *Ticket) Owns(mark string) bool { return t.Mark == "" || t.Mark == mark }

// Renumbered reports whether a new comment has a number that another comment had before.
func (t *Ticket) Renumbered(c Comment) bool {
	return !c.Late && c.ID <= t.LastComment || c.ResultID != 0 && c.ResultID <= t.LastResult
}

// Changes are the tasks that changed since a cursor.
type Changes struct {
	Tasks []TaskState
	Now   time.Time // portal's clock at the time of the answer
}

// Watch asks for the comments of one task that are newer than the last one read.
type Watch struct {
	Task int64
	Chat int64 // 0 = unknown
	Last int64 // id of the newest comment read; 0 = none

	LastResult int64 // id of the newest result read; 0 = none

	// A portal that was restored from a backup gives used numbers to other comments, also below Last.
	LastAt time.Time // date of the comment Last; zero = unknown
	Since  time.Time // everything up to this time was read; zero = unknown
}

// Talk is the answer to a Watch.
type Talk struct {
	Task     int64
	Chat     int64
	Comments []Comment // oldest first
	Err      error     // why the comments could not be read
	Barred   bool      // the task exists, but our user may not read its comments
	Rewound  bool      // the last comment read is missing or replaced, so Comments are those after the Watch's Since
}

// Profile is a contact as found in a directory.
type Profile struct {
	Name   string   `json:"name"`
	CRM    []string `json:"crm,omitempty"` // codes in the portal's CRM, such as C_275
	Source string   `json:"source"`        // directory, bitrix24, onec
}

// Made is the result of making one effect on the portal.
type Made struct {
	Task    int64 // with OpenTask
	Comment int64 // with CommentTask; 0 = the portal does not say
	Chat    int64
	Missing []int // indexes of the effect's files that the portal did not keep
	Seen    bool  // it has been seen on the portal, perhaps without its files; false = the portal only reported success
	Found   bool  // it was already there, from an attempt whose outcome was unknown
	Err     error // wraps a fault.Error; nil = made
}

// Unconfirmed is an effect that the portal reports as made, but that has not been seen there yet.
type Unconfirmed struct {
	Effect  Effect    `json:"effect"`        // with the numbers of the task and the chat
	Seq     uint64    `json:"seq,omitempty"` // of the whole effect, since Effect is without its text; 0 = it is whole
	Comment int64     `json:"comment,omitempty"`
	At      time.Time `json:"at"`              // when it was made
	Looks   int       `json:"looks,omitempty"` // number of looks that did not find it
	Looked  time.Time `json:"looked,omitzero"`
	Again   bool      `json:"again,omitempty"` // it has been made a second time
	Seen    bool      `json:"seen,omitempty"`  // it has been seen, but its files have not

	Letters int `json:"-"` // letters in its text, as counted by Letters; 0 = the text is not compared
}

// Looked is the result of looking for an unconfirmed effect. If none of Seen, Again and Hold is set, it is looked for
// again.
type Looked struct {
	Key    string   // key of the effect
	Seen   bool     // it was found
	Again  bool     // it must be made once more, in another way
	Hold   string   // it waits for a person, for this reason
	Missed int      // 1 = it was missing or incomplete
	Then   []Effect // with Seen: to be queued after all effects of the ticket
}

// Sight is what the portal shows of an unconfirmed effect.
type Sight struct {
	There   bool
	Deleted bool  // it was there and somebody deleted it; for chat messages only, since other comments leave no trace
	Missing []int // indexes of its files that are not there
	Letters int   // letters in the text that is shown, if asked for
	Times   int   // how often a comment's text occurs
	Err     error // why it could not be looked at
}

// Prepared is what was looked up on the portal and uploaded to it before effects are made.
type Prepared struct {
	Profiles map[string]Profile // by folded address; a missing address is not in the CRM
	Asked    bool               // the CRM was queried; false = the webhook may not read it
	Objects  []int64            // Drive objects of the requested files, in order; 0 = see Errs
	Errs     []error            // why a file was not uploaded, in the order of the files; nil = it was
}

// Accepted is a difference between our records and the servers that a person has accepted and does not want reported
// again.
type Accepted struct {
	ID      string    `json:"id"` // id of the difference
	What    string    `json:"what"`
	Mailbox string    `json:"mailbox,omitempty"`
	UID     uint32    `json:"uid,omitempty"`
	Ticket  uint64    `json:"ticket,omitempty"`
	Task    int64     `json:"task,omitempty"`
	File    string    `json:"file,omitempty"`
	At      time.Time `json:"at"` // when it was accepted
	By      string    `json:"by,omitempty"`
	Note    string    `json:"note,omitempty"`
	Effect  string    `json:"effect,omitempty"` // key of an effect that was made and is missing or incomplete
}
