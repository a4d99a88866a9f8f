package store

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"helpdesk/pkg/desk"
)

// person is the person whose data is searched for, together with what is known to be theirs.
type person struct {
	traces
	names    map[string]bool
	tickets  map[uint64]bool
	messages map[string]bool // keys
	effects  map[string]bool // keys of effects that their messages caused
	ids      map[string]bool // Message-IDs
	places   map[string]bool // keys of places
	entries  map[uint64]bool // of the outbox
	awaited  map[uint64]bool // effects that were made and not seen yet
	jailed   map[uint64]bool // entries of the quarantine
	copies   map[uint64]bool
	latest   map[uint64]bool // tickets whose latest letter they wrote (true) or did not write
	tasks    map[uint64]TaskOf
	letters  []desk.Place
	others   map[string]string // names by the folded addresses of other people
	// set when tickets expire: all addresses in these tickets are removed, whoever they belong to
	aged bool
}

// strangers returns a person about whom nothing is known yet.
func strangers() *person {
	return &person{names: map[string]bool{}, tickets: map[uint64]bool{}, messages: map[string]bool{},
		effects: map[string]bool{}, ids: map[string]bool{}, places: map[string]bool{}, entries: map[uint64]bool{},
		awaited: map[uint64]bool{},
		jailed:  map[uint64]bool{}, copies: map[uint64]bool{}, latest: map[uint64]bool{}, tasks: map[uint64]TaskOf{},
		others: map[string]string{}}
}

// acquaint collects what belongs to the person: tickets, messages and names.
func acquaint(tx txn, address string) (*person, error) {
	p := strangers()
	p.traces = newTraces([]string{address}, nil)
	for _, learn := range []func(txn) error{p.ofTickets, p.ofMessages, p.ofDirectories, p.ofOutbox, p.ofUnseen,
		p.ofQuarantine,
		p.ofCopies} {
		if err := learn(tx); err != nil {
			return nil, err
		}
	}
	p.traces = newTraces(p.keys, slices.Sorted(maps.Keys(p.names)))
	return p, nil
}

// named notes the name beside an address of the person, and those beside other addresses.
func (p *person) named(all ...desk.Address) {
	for _, a := range all {
		switch {
		case !p.is(a.Addr) && a.Addr != "":
			p.others[a.Key()] = cmp.Or(a.Name, p.others[a.Key()])
		case a.Name != "" && a.Addr != "":
			p.names[a.Name] = true
		}
	}
}

// similar returns the addresses of other people that may be the person's: they have the same name, or differ in a +tag.
func (p *person) similar() []string {
	all := []string{}
	for key, name := range p.others {
		named := func(n string) bool { return sameName(n, name) }
		tagged := func(k string) bool { return desk.Untagged(k) == desk.Untagged(key) }
		if slices.ContainsFunc(slices.Collect(maps.Keys(p.names)), named) || slices.ContainsFunc(p.keys, tagged) {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return all
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
		p.named(r.From)
		if !p.is(r.From.Addr) && !slices.ContainsFunc(r.Senders, p.is) {
			return nil
		}
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

// caused returns the keys of the effects that the message with this key can have.
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
	return each(tx, bOutbox, func(_ []byte, e entry) error {
		mine := p.tickets[e.Ticket] || p.messages[e.Cause] || p.is(e.To)
		if !mine && e.Kind == desk.SendLetter { // a letter whose only remaining recipient is this person
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

func (p *person) ofUnseen(tx txn) error {
	return each(tx, bUnseen, func(_ []byte, u desk.Unconfirmed) error {
		if p.claims(bUnseen, nil, &u) == whose {
			p.awaited[u.Seq] = true
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
