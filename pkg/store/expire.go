package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/engine"
)

// Expire removes personal data from tickets that were closed before the given time, as Erase does, from up to most
// tickets. A person without any other ticket also loses their counters and what other directories said about them. Our
// own directory and the exclusions stay, because people maintain them. Expire returns the number of tickets it has
// processed, and whether more are left.
func (s Persons) Expire(now, before time.Time, most int) (n int, more bool, err error) {
	var x *expiry
	if err := s.view(func(tx txn) (err error) { x, err = expired(tx, before, most); return err }); err != nil {
		return 0, false, err
	}
	if len(x.tickets) == 0 {
		return 0, false, nil
	}
	if err := s.update(func(tx txn) error { return s.expire(tx, now, x) }); err != nil {
		return 0, false, fmt.Errorf("remove data of closed tickets: %w", err)
	}
	return len(x.tickets), x.more, nil
}

// expiry lists the data to be removed because of its age.
type expiry struct {
	tickets map[uint64]desk.Ticket
	alone   []string // folded addresses that occur in no other ticket
	more    bool
}

// expired finds tickets that were closed before the given time and have no entries in the outbox.
func expired(tx txn, before time.Time, most int) (*expiry, error) {
	x := &expiry{tickets: map[uint64]desk.Ticket{}}
	busy := map[uint64]bool{}
	if err := each(tx, bOutbox, func(_ []byte, e entry) error { busy[e.Ticket] = true; return nil }); err != nil {
		return nil, err
	}
	kept, old := map[string]bool{}, map[string]bool{}
	copied, oldCopied := map[string]bool{}, map[string]bool{} // those who only wrote or were in copy
	err := each(tx, bTickets, func(_ []byte, t desk.Ticket) error {
		if !t.Erased.IsZero() {
			return nil
		}
		whose, with := kept, copied
		if !busy[t.Number] && t.Status != desk.Open && ended(t).Before(before) {
			if x.more = len(x.tickets) == most; !x.more {
				x.tickets[t.Number] = t
				whose, with = old, oldCopied
			}
		}
		whose[t.Requester.Key()], whose[t.ReplyTo.Key()] = true, true
		for _, a := range append(slices.Clone(t.Participants), t.Copied...) {
			with[desk.FoldAddress(a)] = true
		}
		return nil
	})
	for a := range oldCopied {
		if !copied[a] {
			old[a] = true
		}
	}
	for a := range old {
		if a != "" && !kept[a] {
			x.alone = append(x.alone, a)
		}
	}
	return x, err
}

// ended returns the time of the last event of a ticket.
func ended(t desk.Ticket) time.Time {
	return slices.MaxFunc([]time.Time{t.ClosedAt, t.LastAt, t.Opened}, time.Time.Compare)
}

// expire removes the data listed in x.
func (s Persons) expire(tx txn, now time.Time, x *expiry) error {
	p := strangers()
	p.aged = true
	incomplete := false
	for _, n := range slices.Sorted(maps.Keys(x.tickets)) {
		p.tickets[n] = true
		whole, err := s.expireTicket(tx, now, p, x.tickets[n])
		if err != nil {
			return err
		}
		incomplete = incomplete || !whole
	}
	for _, b := range []string{bUnseen, bAccepted, bCopies, bSent} { // buckets whose keys do not contain the ticket
		if b == bSent {
			if err := p.ofCopies(tx); err != nil {
				return err
			}
		}
		if err := s.expireIn(tx, now, p, b); err != nil {
			return err
		}
	}
	if incomplete { // the step with the Message-IDs was pruned from the journal
		if err := s.expireIn(tx, now, p, bThreads); err != nil {
			return err
		}
	}
	for _, a := range x.alone {
		if err := forgetCounters(tx, a); err != nil {
			return err
		}
	}
	return nil
}

// expireIn removes the data of the tickets in p from a bucket.
func (s Persons) expireIn(tx txn, now time.Time, p *person, b string) error {
	var all []Found
	err := tx.Bucket(b).Walk(nil, func(key, raw []byte) error {
		f, ok, err := p.look(b, key, raw)
		if ok {
			all = append(all, f)
		}
		return err
	})
	for _, f := range all {
		err = errors.Join(err, s.remove(tx, now, p, f))
	}
	return err
}

// expireTicket removes the data of a ticket. The journal lists the ticket's messages and Message-IDs; whole is false if
// parts of the journal were pruned.
func (s Persons) expireTicket(tx txn, now time.Time, p *person, t desk.Ticket) (whole bool, err error) {
	whole = t.Task == 0
	found := []Found{{bucket: bTickets, key: number(t.Number), claim: theirs},
		{bucket: bTexts, key: number(t.Number), claim: whose}, {bucket: bTexts, key: sentKey(t.Number), claim: whose}}
	threads := map[string]bool{t.LastID: true}
	for _, id := range t.References {
		threads[id] = true
	}
	prefix := number(t.Number)
	err = eachFrom(tx, bJournal, prefix, func(key []byte, step desk.Step) error {
		if !bytes.HasPrefix(key, prefix) {
			return engine.ErrStop
		}
		whole = whole || step.What == string(desk.OpenTask)
		threads[step.ID] = true
		found = append(found, Found{bucket: bJournal, key: bytes.Clone(key), claim: theirs})
		if step.What == "message" {
			found = append(found, Found{bucket: bMessages, key: []byte(step.Key), claim: theirs})
		}
		return nil
	})
	delete(threads, "")
	for _, id := range slices.Sorted(maps.Keys(threads)) {
		var l desk.Link
		ok, gerr := get(tx, bThreads, threadKey(id), &l)
		if err = errors.Join(err, gerr); ok && l.Ticket == t.Number && desk.OwnKey(id) == "" {
			found = append(found, Found{bucket: bThreads, key: short(threadKey(id)), claim: whose})
		}
	}
	for _, f := range found {
		err = errors.Join(err, s.remove(tx, now, p, f))
	}
	return whole, errors.Join(err, unindex(tx, t))
}

// unindex removes a ticket from the index of subjects.
func unindex(tx txn, t desk.Ticket) error {
	key := subjectKey(t.Requester.Key(), t.Normal)
	var all []uint64
	if ok, err := get(tx, bSubjects, key, &all); err != nil || !ok {
		return err
	}
	all = slices.DeleteFunc(all, func(n uint64) bool { return n == t.Number })
	if len(all) == 0 {
		return tx.Bucket(bSubjects).Delete(key)
	}
	return put(tx, bSubjects, key, all)
}

// directories are the sources of profiles that Expire deletes.
var directories = []string{"bitrix24", "onec", letters}

// forgetCounters deletes the counters of an address and what other directories said about it.
func forgetCounters(tx txn, address string) error {
	err := tx.Bucket(bReturned).Delete([]byte(address))
	for _, a := range slices.Compact([]string{address, desk.Untagged(address)}) {
		err = errors.Join(err, tx.Bucket(bReplies).Delete([]byte(a)), tx.Bucket(bReplies).Delete(arrivalKey(a)))
	}
	for _, source := range directories {
		err = errors.Join(err, tx.Bucket(bProfiles).Delete(profileKey(source, address)))
	}
	prefix := []byte(address + "\x00")
	var keys [][]byte
	err = errors.Join(err, tx.Bucket(bPictures).Walk(prefix, func(key, _ []byte) error {
		if !bytes.HasPrefix(key, prefix) {
			return engine.ErrStop
		}
		keys = append(keys, bytes.Clone(key))
		return nil
	}))
	for _, key := range keys {
		err = errors.Join(err, tx.Bucket(bPictures).Delete(key))
	}
	return err
}
