package store

import (
	"bytes"
	"reflect"
	"slices"
	"strings"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/desk"
)

// claim is the relation of a record to a person.
type claim int

const (
	mentioned claim = iota // about somebody else: only the person's addresses and names are cut out
	theirs                 // about the person: words and ids are removed
	whose                  // belongs to the person as a whole: the record is deleted
)

// addressIn returns the address in a key, "" if the key has none.
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

// look reports whether an entry of a bucket contains the person's data, and describes the entry.
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
	if err := decode(raw, v); err != nil {
		return f, false, unreadable(b, key, err)
	}
	f.claim = p.claims(b, key, v)
	f.about(v)
	f.Theirs = f.claim != mentioned
	if f.claim != whose && !p.scrub(reflect.ValueOf(clone(r, key, raw)).Elem(), f.claim) {
		return f, false, nil
	}
	f.Record = reflect.ValueOf(v).Elem().Interface()
	return f, true, nil
}

// clone decodes an entry once more, for scrub to change.
func clone(r rack, key, raw []byte) any {
	v := r.record(key)
	_ = decode(raw, v) // this has been decoded once already
	return v
}

// about fills in the time and the ticket of a record.
func (f *Found) about(v any) {
	switch v := v.(type) {
	case *desk.Ticket:
		f.At, f.Ticket = v.Opened, v.Number
	case *desk.Record:
		f.At, f.Ticket = v.At, v.Ticket
	case *desk.Step:
		f.At, f.Ticket = v.At, numbered(f.key)
	case *desk.Link:
		f.Ticket, f.Key = v.Ticket, printable(f.key)
	case *entry:
		f.At, f.Ticket, f.Number = v.Added, v.Ticket, v.Seq
	case *desk.Effect:
		f.Ticket, f.Number = v.Ticket, numbered(f.key)
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

// printable returns a key for people, with blanks between its parts.
func printable(key []byte) string {
	return strings.ReplaceAll(string(bytes.ToValidUTF8(key, nil)), "\x00", " ")
}

// claims returns the relation of a record to the person.
func (p *person) claims(b string, key []byte, v any) claim {
	if a := addressIn(key, racks[b].key); a != "" {
		if p.is(a) || b == bReplies && p.untagged(a) {
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
		mine = p.tickets[numbered(key)] || p.messages[v.Key] || p.effects[v.Key]
	case *desk.Accepted:
		mine = p.tickets[v.Ticket]
	case *attempt:
		mine = p.places[string(key)]
	case *entry:
		return p.when(p.entries[v.Seq])
	case *desk.Effect:
		return p.when(p.entries[numbered(key)] || p.awaited[numbered(key)])
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

// untagged reports whether addr is the form under which letters of the person's address are counted.
func (p *person) untagged(addr string) bool {
	return slices.ContainsFunc(p.keys, func(key string) bool { return desk.Untagged(key) == addr })
}

// plain does for an entry that is not a record what claims does for records. It also fills in the text that is shown to
// people.
func (p *person) plain(f *Found, raw []byte) claim {
	switch f.bucket {
	case bTexts:
		f.Ticket = numbered(f.key)
		if f.Theirs = p.tickets[f.Ticket] || p.latest[f.Ticket] && len(f.key) == 8; f.Theirs || p.in(string(raw)) {
			if f.Text, f.Ours = string(raw), len(f.key) > 8; !f.Ours {
				_, f.Text, _ = strings.Cut(f.Text, "\n") // after the time
			}
		}
		return p.when(f.Theirs)
	case bRaw:
		f.Number = numbered(f.key)
		f.Theirs = p.jailed[f.Number]
		if f.Theirs || p.inLetter(raw) {
			f.Raw = bytes.Clone(raw)
			return whose
		}
	case bSent:
		if f.Number = numbered(f.key); p.copies[f.Number] {
			f.Theirs, f.Raw = true, bytes.Clone(raw)
			return whose
		}
	case bCache:
		var c cached
		if decode(raw, &c) == nil && p.in(string(readable(c.Value))) {
			f.Key, f.Text = string(f.key), string(readable(c.Value))
		}
	}
	return mentioned
}

// readable returns JSON without HTML escapes; text that is not JSON is returned unchanged.
func readable(raw []byte) []byte {
	var v any
	if decode(raw, &v) != nil {
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
