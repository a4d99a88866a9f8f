package store

import (
	"maps"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// Persons finds and removes what is stored about a person in all buckets.
type Persons struct{ *state }

// Found is one record that contains a person's data.
type Found struct {
	Kind   string    `json:"kind"`   // ticket, message, journal …
	Theirs bool      `json:"theirs"` // about the person; if false, about somebody else and mentions them
	At     time.Time `json:"at,omitzero"`
	Ticket uint64    `json:"ticket,omitempty"`
	Number uint64    `json:"number,omitempty"` // number in the outbox, the quarantine or the copies
	Key    string    `json:"key,omitempty"`    // key of the record, if it is readable
	Record any       `json:"record,omitempty"` // the stored record
	Text   string    `json:"text,omitempty"`   // text of an entry that is not a record
	Ours   bool      `json:"ours,omitempty"`   // Text is from our letters
	Raw    []byte    `json:"-"`                // bytes of a complete letter

	bucket string
	key    []byte
	claim  claim
}

// Trail is everything stored about a person.
type Trail struct {
	Addresses []string `json:"addresses"` // folded
	Names     []string `json:"names"`
	Similar   []string `json:"similar"` // other addresses with the same name, or with another +tag: perhaps theirs
	Records   []Found  `json:"records"`
	// tasks in the portal that contain their letters, by ticket
	Tasks []TaskOf `json:"tasks"`
	// their letters in mailboxes
	Letters []desk.Place `json:"letters"`
	Waiting []Waiting    `json:"waiting"` // pending effects, which Erase drops
}

// TaskOf is a task in the portal that contains letters of a person, or that names them.
type TaskOf struct {
	Task   int64  `json:"task"`
	Ticket uint64 `json:"ticket"`
	Theirs bool   `json:"theirs"`          // opened for them; if false, they wrote or were in copy
	Named  bool   `json:"named,omitempty"` // they neither wrote nor were in copy: a letter of somebody else names them
	Link   string `json:"link,omitempty"`
}

// Waiting is a pending effect.
type Waiting struct {
	Seq    uint64    `json:"seq"`
	Kind   desk.Kind `json:"kind"`
	Ticket uint64    `json:"ticket"`
	Task   int64     `json:"task,omitempty"`
	// an attempt was begun, so the effect may exist; a task can be found by Mark, its XML_ID
	Unsure bool   `json:"unsure,omitempty"`
	Mark   string `json:"mark,omitempty"`
}

// Bucket returns the name of the record's bucket.
func (f *Found) Bucket() string { return f.bucket }

// Empty reports whether nothing was found.
func (t *Trail) Empty() bool { return len(t.Records) == 0 }

// Trail returns what is stored about a person.
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

// trail lists every record that contains the person's data.
func (p *person) trail(tx txn) (*Trail, error) {
	t := &Trail{Addresses: p.keys, Names: slices.Sorted(maps.Keys(p.names)), Similar: p.similar(),
		Records: []Found{}, Tasks: []TaskOf{}, Letters: []desk.Place{}, Waiting: []Waiting{}}
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
	for _, f := range t.Records {
		if err := p.namedOn(tx, f.Ticket); err != nil {
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

// namedOn notes the task of a ticket that names the person.
func (p *person) namedOn(tx txn, n uint64) error {
	if _, known := p.tasks[n]; known || n == 0 {
		return nil
	}
	var t desk.Ticket
	_, err := get(tx, bTickets, number(n), &t)
	p.tasks[n] = TaskOf{Task: t.Task, Ticket: n, Named: true}
	return err
}

// waiting lists the pending effects.
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
