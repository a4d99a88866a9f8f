package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	json "github.com/go-json-experiment/json/v1"
	"maps"
	"reflect"
	"slices"
	"strings"
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

// claim is how a record is related to a person.
type claim int

const (
	mentioned claim = iota // somebody else's: what names the person is cut
	theirs                 // about the person: words and ids are removed
	whose                  // all of it is the person's: it is removed as a whole
)

// person is whose data is looked for, and what is known to be theirs.
type person struct {
	traces
	names    map[string]bool
	tickets  map[uint64]bool
	messages map[string]bool // keys
	effects  map[string]bool // keys of what their messages caused
	ids      map[string]bool // Message-IDs
	places   map[string]bool // keys of places
	entries  map[uint64]bool // of the outbox
	jailed   map[uint64]bool // entries of the quarantine
	copies   map[uint64]bool
	latest   map[uint64]bool // tickets whose latest letter they wrote
	tasks    map[uint64]TaskOf
	letters  []desk.Place
	aged     bool // of the tickets everybody's addresses are removed
}

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

// strangers knows nobody yet.
func strangers() *person {
	return &person{names: map[string]bool{}, tickets: map[uint64]bool{}, messages: map[string]bool{},
		effects: map[string]bool{}, ids: map[string]bool{}, places: map[string]bool{}, entries: map[uint64]bool{},
		jailed: map[uint64]bool{}, copies: map[uint64]bool{}, latest: map[uint64]bool{}, tasks: map[uint64]TaskOf{}}
}

// acquaint finds out what is the person's: their tickets, messages, names.
func acquaint(tx txn, address string) (*person, error) {
	p := strangers()
	p.traces = newTraces([]string{address}, nil)
	for _, learn := range []func(txn) error{p.ofTickets, p.ofMessages, p.ofDirectories, p.ofOutbox, p.ofQuarantine,
		p.ofCopies} {
		if err := learn(tx); err != nil {
			return nil, err
		}
	}
	p.traces = newTraces(p.keys, slices.Sorted(maps.Keys(p.names)))
	return p, nil
}

// named notes the name beside an address of the person.
func (p *person) named(all ...desk.Address) {
	for _, a := range all {
		if p.is(a.Addr) && a.Name != "" {
			p.names[a.Name] = true
		}
	}
}

func (p *person) ofTickets(tx txn) error {
	return each(tx, bTickets, func(_ []byte, t desk.Ticket) error {
		p.named(t.Requester, t.ReplyTo)
		mine := p.is(t.Requester.Addr) || p.is(t.ReplyTo.Addr)
		if mine {
			p.tickets[t.Number] = true
			for _, id := range append(slices.Clone(t.References), t.LastID) {
				p.ids[id] = true
			}
		}
		if mine || slices.ContainsFunc(append(slices.Clone(t.Participants), t.Copied...), p.is) {
			p.tasks[t.Number] = TaskOf{Task: t.Task, Ticket: t.Number, Theirs: mine}
		}
		return nil
	})
}

func (p *person) ofMessages(tx txn) error {
	wrote := map[uint64]bool{}
	err := each(tx, bMessages, func(_ []byte, r desk.Record) error {
		if !p.is(r.From.Addr) && !slices.ContainsFunc(r.Senders, p.is) {
			return nil
		}
		p.named(r.From)
		p.messages[r.Key] = true
		for _, key := range caused(r.Key) {
			p.effects[key] = true
		}
		p.ids[r.ID] = true
		p.places[string(placeKey(r.Place))] = true
		p.letters, wrote[r.Ticket] = append(p.letters, r.Place), true
		return nil
	})
	delete(p.ids, "")
	delete(wrote, 0)
	for n := range wrote {
		var t desk.Ticket
		if _, gerr := get(tx, bTickets, number(n), &t); gerr != nil {
			err = errors.Join(err, gerr)
		}
		p.latest[n] = p.ids[t.LastID]
		if _, known := p.tasks[n]; !known && t.Number != 0 {
			p.tasks[n] = TaskOf{Task: t.Task, Ticket: n}
		}
	}
	return err
}

// caused returns the keys of the effects that a message of this key may have.
func caused(key string) []string {
	comment := desk.DeriveKey("comment", key)
	return []string{desk.DeriveKey("open", key), comment, desk.DeriveKey("open", comment),
		desk.DeriveKey("received", key)}
}

func (p *person) ofDirectories(tx txn) error {
	learn := func(key []byte, d desk.Profile) {
		if d.Name != "" && p.is(addressIn(key, behind)) {
			p.names[d.Name] = true
		}
	}
	err := each(tx, bContacts, func(key []byte, d desk.Profile) error {
		learn(append([]byte{0}, key...), d)
		return nil
	})
	if err != nil {
		return err
	}
	return each(tx, bProfiles, func(key []byte, d profile) error { learn(key, d.Profile); return nil })
}

func (p *person) ofOutbox(tx txn) error {
	return eachEntry(tx, func(e entry) error {
		mine := p.tickets[e.Ticket] || p.messages[e.Cause] || p.is(e.To)
		if !mine && e.Kind == desk.SendLetter { // one that still goes to them alone, of all who get it in copy
			var of desk.Effect
			if _, err := get(tx, bEffects, number(e.Seq), &of); err != nil {
				return err
			}
			mine = of.Letter != nil && p.is(of.Letter.Only.Addr)
		}
		if mine {
			p.entries[e.Seq] = true
		}
		return nil
	})
}

func (p *person) ofQuarantine(tx txn) error {
	return each(tx, bQuarantine, func(_ []byte, q desk.Quarantined) error {
		if p.in(q.From) {
			p.jailed[q.Seq] = true
			p.places[string(placeKey(q.Place))] = true
			if q.ID != "" {
				p.ids[q.ID] = true
			}
			p.letters = append(p.letters, q.Place)
			if i := strings.LastIndex(q.From, " <"); i > 0 {
				p.names[q.From[:i]] = true
			}
		}
		return nil
	})
}

func (p *person) ofCopies(tx txn) error {
	return each(tx, bCopies, func(_ []byte, c desk.Copy) error {
		raw, err := tx.Bucket(bSent).Get(number(c.Seq))
		if p.tickets[c.Ticket] || p.is(c.To) || p.inLetter(raw) {
			p.copies[c.Seq] = true
		}
		return err
	})
}

// addressIn returns the address in a key, "" where there is none.
func addressIn(key []byte, how keyed) string {
	switch how {
	case byAddress:
		addr, _, _ := bytes.Cut(key, []byte{0})
		return string(addr)
	case behind:
		if _, addr, ok := bytes.Cut(key, []byte{0}); ok {
			return string(addr)
		}
		return strings.TrimPrefix(string(key), "in ")
	}
	return ""
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

// look says whether an entry of a bucket has the person's data.
func (p *person) look(b string, key, raw []byte) (f Found, ok bool, err error) {
	r := racks[b]
	f = Found{Kind: r.kind, bucket: b, key: bytes.Clone(key)}
	if r.key != byNumber && r.key != byID || b == bCursors {
		f.Key = printable(key)
	}
	if r.record == nil {
		f.claim = p.plain(&f, raw)
		return f, f.claim != mentioned || f.Text != "", nil
	}
	v := r.record(key)
	if err := json.Unmarshal(raw, v); err != nil {
		return f, false, fmt.Errorf("read state %s/%x: %w", b, key, err)
	}
	f.claim = p.claims(b, key, v)
	f.about(v)
	f.Theirs = f.claim != mentioned
	if f.Theirs && v != nil && !p.blank(f.claim, v) || f.claim == whose {
		f.Record = reflect.ValueOf(v).Elem().Interface()
		return f, true, nil
	}
	if f.claim == mentioned && p.scrub(reflect.ValueOf(clone(r, key, raw)).Elem(), mentioned) {
		f.Record = reflect.ValueOf(v).Elem().Interface()
		return f, true, nil
	}
	return f, false, nil
}

// blank reports whether there is nothing in a record that would be removed.
func (p *person) blank(c claim, v any) bool {
	raw, err := json.Marshal(v)
	if err != nil {
		return false
	}
	copied := reflect.New(reflect.TypeOf(v).Elem())
	return json.Unmarshal(raw, copied.Interface()) == nil && !p.scrub(copied.Elem(), c)
}

func clone(r rack, key, raw []byte) any {
	v := r.record(key)
	_ = json.Unmarshal(raw, v) // it was read before
	return v
}

// about fills in when a record was made, and of which ticket it is.
func (f *Found) about(v any) {
	switch v := v.(type) {
	case *desk.Ticket:
		f.At, f.Ticket = v.Opened, v.Number
	case *desk.Record:
		f.At, f.Ticket = v.At, v.Ticket
	case *desk.Step:
		f.At, f.Ticket = v.At, binary.BigEndian.Uint64(f.key)
	case *desk.Link:
		f.Ticket, f.Key = v.Ticket, printable(f.key)
	case *entry:
		f.At, f.Ticket, f.Number = v.Added, v.Ticket, v.Seq
	case *desk.Effect:
		f.Ticket, f.Number = v.Ticket, binary.BigEndian.Uint64(f.key)
	case *desk.Unconfirmed:
		f.At, f.Ticket = v.At, v.Effect.Ticket
	case *desk.Quarantined:
		f.At, f.Ticket, f.Number = v.At, v.Ticket, v.Seq
	case *desk.Copy:
		f.At, f.Ticket, f.Number = v.At, v.Ticket, v.Seq
	case *desk.Accepted:
		f.At, f.Ticket = v.At, v.Ticket
	case *profile:
		f.At = v.At
	case *returned:
		f.At = v.At
	case *picture:
		f.At = v.Last
	case *desk.Exclusion:
		f.At = v.Added
	case *attempt:
		f.At = v.At
	}
}

// printable returns a key for people: what is between its words is a blank.
func printable(key []byte) string {
	return strings.ReplaceAll(string(bytes.ToValidUTF8(key, nil)), "\x00", " ")
}

// claims says how a record is related to the person.
func (p *person) claims(b string, key []byte, v any) claim {
	if a := addressIn(key, racks[b].key); a != "" {
		if p.is(a) || racks[b].key == behind && p.is(a) || b == bReplies && p.untagged(a) {
			return whose
		}
		if b == bSubjects && p.in(printable(key)) {
			return whose
		}
		return mentioned
	}
	mine := false
	switch v := v.(type) {
	case *desk.Link:
		if id := string(key); desk.OwnKey(id) == "" && !bytes.HasPrefix(key, hidden) && !bytes.HasPrefix(key, ours) {
			mine = p.tickets[v.Ticket] || p.ids[id] || p.in(id)
		}
		if mine {
			return whose
		}
	case *desk.Ticket:
		mine = p.tickets[v.Number]
	case *desk.Record:
		mine = p.messages[v.Key] || p.tickets[v.Ticket]
	case *desk.Step:
		mine = p.tickets[binary.BigEndian.Uint64(key)] || p.messages[v.Key] || p.effects[v.Key]
	case *desk.Accepted:
		mine = p.tickets[v.Ticket]
	case *attempt:
		mine = p.places[string(key)]
	case *entry:
		return p.when(p.entries[v.Seq])
	case *desk.Effect:
		return p.when(p.entries[binary.BigEndian.Uint64(key)])
	case *desk.Unconfirmed:
		return p.when(p.tickets[v.Effect.Ticket] || p.messages[v.Effect.Cause])
	case *desk.Quarantined:
		return p.when(p.jailed[v.Seq])
	case *desk.Copy:
		return p.when(p.copies[v.Seq])
	case *position:
		return p.when(p.in(printable(v.Key)))
	}
	if mine {
		return theirs
	}
	return mentioned
}

func (p *person) when(all bool) claim {
	if all {
		return whose
	}
	return mentioned
}

// untagged reports whether an address is the person's without its +tag, by which letters are counted.
func (p *person) untagged(addr string) bool {
	return slices.ContainsFunc(p.keys, func(key string) bool {
		local, domain, _ := strings.Cut(key, "@")
		bare, _, tagged := strings.Cut(local, "+")
		return tagged && bare+"@"+domain == addr
	})
}

// plain says how an entry that is no record is related to the person, and keeps what people are shown of it.
func (p *person) plain(f *Found, raw []byte) claim {
	switch f.bucket {
	case bTexts:
		f.Ticket = binary.BigEndian.Uint64(f.key)
		if f.Theirs = p.tickets[f.Ticket] || p.latest[f.Ticket] && len(f.key) == 8; f.Theirs || p.in(string(raw)) {
			if f.Text, f.Ours = string(raw), len(f.key) > 8; !f.Ours {
				_, f.Text, _ = strings.Cut(f.Text, "\n") // behind the time
			}
		}
		return p.when(f.Theirs)
	case bRaw:
		f.Number = binary.BigEndian.Uint64(f.key)
		f.Theirs = p.jailed[f.Number]
		if f.Theirs || p.inLetter(raw) {
			f.Raw = bytes.Clone(raw)
			return whose
		}
	case bSent:
		if f.Number = binary.BigEndian.Uint64(f.key); p.copies[f.Number] {
			f.Theirs, f.Raw = true, bytes.Clone(raw)
			return whose
		}
	case bCache:
		var c cached
		if json.Unmarshal(raw, &c) == nil && p.in(string(readable(c.Value))) {
			f.Key, f.Text = string(f.key), string(readable(c.Value))
		}
	}
	return mentioned
}

// readable returns a JSON text without its escapes, as far as it is one.
func readable(raw []byte) []byte {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return raw
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return raw
	}
	return out.Bytes()
}
