package store

import (
	"encoding/binary"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// seen is the record of a place on a mail server.
type seen struct {
	Key      string    `json:"key"` // of the message
	At       time.Time `json:"at"`
	Marked   bool      `json:"marked,omitempty"`
	Oversize bool      `json:"oversize,omitempty"` // only the header was read
	Stamp    string    `json:"stamp,omitempty"`    // stamp of the listing
}

// is reports whether a listed message is the one that was seen at this place. A restored server, or another server
// under the mailbox's name, assigns the numbers anew. A message that was marked and is no longer marked may also be a
// different one: it is read again and recognized by its key.
func (s seen) is(l desk.Listing) bool {
	switch {
	case l.Stamp == "":
		return true
	case s.Stamp != "" && s.Stamp != l.Stamp:
		return false
	}
	return !s.Marked || l.Seen
}

// attempt counts the passes that failed to process a message.
type attempt struct {
	Stamp   string    `json:"stamp,omitempty"` // stamp of the listing
	ID      string    `json:"id,omitempty"`    // Message-ID, "" if it was not read
	Tries   int       `json:"tries"`
	Note    string    `json:"note"`
	At      time.Time `json:"at"`
	Held    bool      `json:"held,omitempty"`    // the message is in the quarantine
	Partial bool      `json:"partial,omitempty"` // the message must stay unmarked: only the mailbox has its full text
}

// is reports whether the attempts were for the message with this stamp and Message-ID; "" matches anything. A restored
// server may assign the same number to another message.
func (a attempt) is(stamp, id string) bool {
	same := func(was, is string) bool { return was == "" || is == "" || was == is }
	return same(a.Stamp, stamp) && same(a.ID, id)
}

// attemptsAt returns the attempts to process a message. It ignores attempts for a different message at the same place.
func attemptsAt(tx txn, at desk.Place, stamp, id string) (a attempt, err error) {
	if _, err = get(tx, bAttempts, placeKey(at), &a); err != nil || !a.is(stamp, id) {
		a = attempt{}
	}
	return a, err
}

func placeKey(p desk.Place) []byte {
	key := append([]byte(p.Mailbox), 0)
	key = binary.BigEndian.AppendUint32(key, p.UIDValidity)
	return binary.BigEndian.AppendUint32(key, p.UID)
}

// Progress returns the progress of each listed message. If the state has a different message at that place, the listed
// one counts as unknown.
func (s Ledger) Progress(ls []desk.Listing) ([]desk.Progress, error) {
	out, places, keys := make([]desk.Progress, len(ls)), make([]desk.Place, len(ls)), make([]string, len(ls))
	for i, l := range ls {
		places[i] = l.Place
	}
	err := s.view(func(tx txn) error {
		all, err := standings(tx, places)
		if err != nil {
			return err
		}
		for i, at := range all {
			was, tried := at.was, at.tried
			if at.known && !was.is(ls[i]) {
				continue
			}
			if !tried.is(ls[i].Stamp, "") {
				tried = attempt{}
			}
			out[i].Known, out[i].Tries, out[i].Note, out[i].Held = at.known, tried.Tries, tried.Note, tried.Held
			if !at.known {
				continue
			}
			var r desk.Record
			if out[i].Decided, err = get(tx, bMessages, []byte(was.Key), &r); err != nil {
				return err
			}
			out[i].ID = r.ID
			keys[i], out[i].Ready, out[i].Oversize = was.Key, !tried.Partial, was.Oversize
		}
		return nil
	})
	if err != nil || !slices.ContainsFunc(out, func(p desk.Progress) bool { return p.Known }) {
		return out, err
	}
	if err := s.readEntries(); err != nil {
		return nil, err
	}
	for i, key := range keys {
		out[i].Ready = out[i].Ready && !s.entries.unmade(key)
	}
	return out, nil
}

// standing is what the state has about a place.
type standing struct {
	known bool
	was   seen
	tried attempt
}

// standings reads what the state has about places, and announces that the records of their messages will be read.
func standings(tx txn, places []desk.Place) ([]standing, error) {
	keys := make([][]byte, len(places))
	for i, p := range places {
		keys[i] = placeKey(p)
	}
	tx.Bucket(bSeen).Ahead(keys...)
	tx.Bucket(bAttempts).Ahead(keys...)
	all := make([]standing, len(places))
	for i, key := range keys {
		known, err := get(tx, bSeen, key, &all[i].was)
		if err != nil {
			return nil, err
		}
		if all[i].known = known; known {
			tx.Bucket(bMessages).Ahead([]byte(all[i].was.Key))
		}
		if _, err := get(tx, bAttempts, key, &all[i].tried); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Marked records that the messages have been marked on their server. The record is written with the next transaction or
// by Close: only Prune needs it.
func (s Ledger) Marked(places []desk.Place) { s.mark(places) }

func mark(tx txn, places []desk.Place) error {
	for _, p := range places {
		tx.Bucket(bSeen).Ahead(placeKey(p))
	}
	for _, p := range places {
		var was seen
		ok, err := get(tx, bSeen, placeKey(p), &was)
		if err != nil {
			return err
		}
		if !ok || was.Marked {
			continue
		}
		was.Marked = true
		if err := put(tx, bSeen, placeKey(p), was); err != nil {
			return err
		}
	}
	return nil
}

// Record decides the messages one after the other, in one transaction: each decision is recorded before the next
// message is decided. The transaction may be written after Record has returned; Flush waits for it. decide gets the
// facts that the entry's questions ask for, including the auto-replies within the window, and adds the facts that only
// the caller has. The extent of an error (package fault) says whether every message would fail alike.
func (s Ledger) Record(now time.Time, entries []desk.Entry, window time.Duration,
	decide func(i int, f desk.Facts) (desk.Decision, error)) error {
	_ = s.readEntries() // an entry that cannot be read is reported by who needs it
	return ofAll(s.later(func(tx txn) error {
		excluded, err := exclusions(tx)
		if err != nil {
			return err
		}
		qs := make([]desk.Questions, len(entries))
		for i, e := range entries {
			qs[i] = e.Questions
		}
		if err := s.tell(tx, qs); err != nil {
			return err
		}
		for i, e := range entries {
			f, err := s.facts(tx, e.Questions, now, window)
			if err != nil {
				return err
			}
			f.Excluded = excluded
			d, err := decide(i, f)
			if err != nil {
				return err
			}
			if err := s.record(tx, now, now.Add(-window), e, d); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (s Ledger) record(tx txn, now, since time.Time, e desk.Entry, d desk.Decision) error {
	if d.Verdict == desk.Quarantine {
		return nil // the caller stores the whole message with Quarantine.Keep
	}
	if err := put(tx, bSeen, placeKey(e.Place), seen{
		Key:      d.Key,
		At:       now,
		Oversize: e.Oversize,
		Stamp:    e.Stamp,
	}); err != nil {
		return err
	}
	if err := tx.Bucket(bAttempts).Delete(placeKey(e.Place)); err != nil {
		return err
	}
	if d.Verdict == desk.Duplicate {
		return repoint(tx, d.Key, e.Place)
	}
	n, err := apply(tx, now, d, s.tried(e.Received))
	if err != nil {
		return err
	}
	r := desk.Record{Key: d.Key, ID: e.ID, From: e.From, Subject: e.Subject, Received: e.Received, At: now,
		Place:   e.Place,
		Verdict: d.Verdict, Class: d.Class, AutoReply: d.AutoReply, Unanswered: d.Unanswered, Ticket: n,
		Senders: others(e)}
	for _, reason := range d.Reasons {
		if reason.Hit {
			r.Rules = append(r.Rules, reason.Rule)
		}
	}
	if err := put(tx, bMessages, []byte(d.Key), r); err != nil {
		return err
	}
	if n != 0 {
		if err := note(tx, n, desk.Step{
			At:   now,
			What: "message",
			Key:  d.Key,
			ID:   e.ID,
			Note: string(d.Verdict),
		}); err != nil {
			return err
		}
	}
	if err := countArrival(tx, now, d, n); err != nil {
		return err
	}
	return count(tx, now, since, e, d)
}

// others returns the sender addresses other than From, to which exclusions also apply.
func others(e desk.Entry) []string {
	return slices.DeleteFunc(slices.Clone(e.Questions.Senders), func(a string) bool { return a == e.From.Key() })
}

// apply writes the ticket, the thread and the effects of a decision, and returns the ticket's number, 0 if the decision
// has no ticket. tried is the time since which the effects may have been attempted; zero means that they were not.
func apply(tx txn, now time.Time, d desk.Decision, tried time.Time) (uint64, error) {
	var n uint64
	if d.Ticket != nil {
		t := *d.Ticket
		if t.Number == 0 {
			var err error
			if t.Number, err = tx.Bucket(bTickets).Count(1); err != nil {
				return 0, err
			}
			tx.edits.opened[t.Number] = true
			if err := indexSubject(tx, t); err != nil {
				return 0, err
			}
		}
		n = t.Number
		if err := putTicket(tx, t); err != nil {
			return 0, err
		}
	}
	for id, link := range d.Thread {
		if link.Ticket == 0 {
			link.Ticket = n
		}
		if id == "" {
			continue
		}
		if err := put(tx, bThreads, threadKey(id), link); err != nil {
			return 0, err
		}
	}
	return n, enqueue(tx, now, n, d.Key, d.Effects, tried)
}

// count updates the counters for limits and statistics.
func count(tx txn, now, since time.Time, e desk.Entry, d desk.Decision) error {
	if err := countHits(tx, now, d.Hits); err != nil {
		return err
	}
	if err := countPictures(tx, now, e.Questions); err != nil {
		return err
	}
	for _, addr := range d.Failed {
		if err := put(tx, bReturned, []byte(desk.FoldAddress(addr)), returned{At: now, Key: d.Key}); err != nil {
			return err
		}
	}
	if d.Class == "human" && e.From.Key() == e.Questions.Address { // a web form may put any address into Reply-To
		if err := tx.Bucket(bReturned).Delete([]byte(e.Questions.Address)); err != nil {
			return err
		}
	}
	if d.Locale != "" {
		if err := setLocale(tx, now, e.Questions.Address, d.Locale); err != nil {
			return err
		}
	}
	if d.AutoReply {
		return countReply(tx, e.Questions, now, since)
	}
	return nil
}

// Records calls fn with the record of every message that arrived at or after since.
func (s Ledger) Records(since time.Time, fn func(desk.Record) error) error {
	return s.view(func(tx txn) error {
		return each(tx, bMessages, func(_ []byte, r desk.Record) error {
			if r.Received.Before(since) {
				return nil
			}
			return fn(r)
		})
	})
}
