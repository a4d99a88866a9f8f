package store

import (
	"maps"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// Persons finds what is kept of a person in all buckets, and removes it.
type Persons struct{ *state }

// Found is one record that a person's data is in.
type Found struct {
	Kind   string    `json:"kind"`   // ticket, message, journal …
	Theirs bool      `json:"theirs"` // it is about the person; else it is somebody else's and names them
	At     time.Time `json:"at,omitzero"`
	Ticket uint64    `json:"ticket,omitempty"`
	Number uint64    `json:"number,omitempty"` // of an entry of the outbox, the quarantine, the copies
	Key    string    `json:"key,omitempty"`    // where it is a text
	Record any       `json:"record,omitempty"` // as it is kept
	Text   string    `json:"text,omitempty"`   // of what is no record
	Ours   bool      `json:"ours,omitempty"`   // the text is that of our letters
	Raw    []byte    `json:"-"`                // of a whole letter

	bucket string
	key    []byte
	claim  claim
}

// Trail is everything that is kept of a person.
type Trail struct {
	Addresses []string `json:"addresses"` // folded
	Names     []string `json:"names"`
	Records   []Found  `json:"records"`
	// tasks of the portal that show their letters, by our tickets
	Tasks []TaskOf `json:"tasks"`
	// letters of theirs that lie in mailboxes
	Letters []desk.Place `json:"letters"`
	Waiting []Waiting    `json:"waiting"` // effects not yet made, which are not made any more
}

// TaskOf is a task of the portal that a person's letters are on.
type TaskOf struct {
	Task   int64  `json:"task"`
	Ticket uint64 `json:"ticket"`
	Theirs bool   `json:"theirs"` // it was opened for them; else they wrote or were in copy there
	Link   string `json:"link,omitempty"`
}

// Waiting is an effect that was not yet made.
type Waiting struct {
	Seq    uint64    `json:"seq"`
	Kind   desk.Kind `json:"kind"`
	Ticket uint64    `json:"ticket"`
	Task   int64     `json:"task,omitempty"`
	// an attempt was begun: it may be made. A task has this mark, XML_ID
	Unsure bool   `json:"unsure,omitempty"`
	Mark   string `json:"mark,omitempty"`
}

// Bucket names where a record lies.
func (f *Found) Bucket() string { return f.bucket }

// Empty reports whether nothing was found.
func (t *Trail) Empty() bool { return len(t.Records) == 0 }

// Trail returns what is kept of a person.
func (s Persons) Trail(address string) (t *Trail, err error) {
	err = s.view(func(tx txn) error {
		p, err := acquaint(tx, address)
		if err != nil {
			return err
		}
		t, err = p.trail(tx)
		return err
	})
	return t, err
}

// trail lists every record that the person's data is in.
func (p *person) trail(tx txn) (*Trail, error) {
	t := &Trail{Addresses: p.keys, Names: slices.Sorted(maps.Keys(p.names)), Records: []Found{}, Tasks: []TaskOf{},
		Letters: []desk.Place{}, Waiting: []Waiting{}}
	for _, b := range buckets {
		err := tx.Bucket(b).Walk(nil, func(key, raw []byte) error {
			f, ok, err := p.look(b, key, raw)
			if ok {
				t.Records = append(t.Records, f)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, n := range slices.Sorted(maps.Keys(p.tasks)) {
		if p.tasks[n].Task != 0 {
			t.Tasks = append(t.Tasks, p.tasks[n])
		}
	}
	t.Letters = append(t.Letters, p.letters...)
	return t, p.waiting(tx, t)
}

// waiting lists the effects that are not yet made.
func (p *person) waiting(tx txn, t *Trail) error {
	for _, seq := range slices.Sorted(maps.Keys(p.entries)) {
		e, err := peek(tx, seq)
		if err != nil {
			return err
		}
		w := Waiting{Seq: seq, Kind: e.Effect.Kind, Ticket: e.Effect.Ticket, Task: p.tasks[e.Effect.Ticket].Task,
			Unsure: e.Unsure}
		if e.Unsure && w.Kind == desk.OpenTask {
			w.Mark = desk.TaskMark(e.Effect.Key)
		}
		t.Waiting = append(t.Waiting, w)
	}
	return nil
}
