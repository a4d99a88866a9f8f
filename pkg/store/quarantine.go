package store

import (
	"errors"
	"fmt"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
)

// Limits of the quarantine's size: strangers decide how many messages get into it.
const (
	shelfMost = 8 << 20 // bytes of all messages together
	wordsMost = 200     // characters of a sender, a subject or a cause
	tellsFor  = 24 * time.Hour
)

// shelf summarizes the quarantine.
type shelf struct {
	Bytes  int64     `json:"bytes"`            // size of the stored messages
	Since  time.Time `json:"since,omitzero"`   // when the task that informs people was opened
	Ticket uint64    `json:"ticket,omitempty"` // ticket of that task
	Told   int       `json:"told,omitempty"`   // messages that the task mentions
}

var kShelf = []byte("quarantine")

// shelved returns the summary. A state of an earlier version has no stored one, so it is computed.
func shelved(tx txn) (s shelf, err error) {
	if known, err := get(tx, bMeta, kShelf, &s); err != nil || known {
		return s, err
	}
	err = each(tx, bQuarantine, func(_ []byte, p desk.Quarantined) error {
		if p.Whole {
			s.Bytes += p.Size
		}
		return nil
	})
	return s, err
}

// told returns the ticket that informed people within the last day, and the number of messages it mentions.
func (s shelf) told(tx txn, now time.Time) (desk.Told, error) {
	if s.Ticket == 0 || now.Sub(s.Since) >= tellsFor || s.Since.After(now) {
		return desk.Told{}, nil
	}
	t, err := ticket(tx, s.Ticket)
	if errors.Is(err, ErrAbsent) || err == nil && t.Status == desk.Gone {
		return desk.Told{}, nil
	}
	return desk.Told{Ticket: &t, Count: s.Told}, err
}

// Attempted records that a pass failed to process a message, and returns the number of failed passes.
func (s Quarantine) Attempted(now time.Time, e desk.Entry, why string) (int, error) {
	var a attempt
	err := s.update(func(tx txn) (err error) {
		if a, err = attemptsAt(tx, e.Place, e.Stamp, e.ID); err != nil {
			return err
		}
		if e.ID != "" {
			a.ID = e.ID
		}
		a.Stamp, a.Tries, a.Note, a.At = e.Stamp, a.Tries+1, glyph.Cut(why, wordsMost), now
		return put(tx, bAttempts, placeKey(e.Place), a)
	})
	return a.Tries, err
}

// Keep puts a message into the quarantine. From then on the message counts as processed. Its bytes are stored if there
// is room for them. A message that is already there keeps its entry and its bytes. tell decides how people are informed
// of a message about which they were not informed before; with nil they are not. The decision is recorded in the same
// transaction.
func (s Quarantine) Keep(now time.Time, e desk.Entry, k desk.Keeping,
	tell func(desk.Told) desk.Decision) (p desk.Quarantined, err error) {
	err = s.update(func(tx txn) error {
		if p, err = quarantinedAt(tx, e); err != nil {
			return err
		}
		sh, err := shelved(tx)
		if err != nil {
			return err
		}
		if p.Seq == 0 {
			p = desk.Quarantined{Place: e.Place, Stamp: e.Stamp, Size: e.Size, Arrived: e.Received, At: now}
			if p.Seq, err = tx.Bucket(bQuarantine).Count(1); err != nil {
				return err
			}
		}
		named(&p, e, k)
		if p.Ticket == 0 && tell != nil {
			if err := s.tell(tx, now, &sh, &p, tell); err != nil {
				return err
			}
		}
		if err := shelve(tx, &sh, &p, k.Raw); err != nil {
			return err
		}
		return keep(tx, now, p, sh, k)
	})
	return p, err
}

// named fills in what is known about a message.
func named(p *desk.Quarantined, e desk.Entry, k desk.Keeping) {
	if e.ID != "" || e.From.Addr != "" || e.Subject != "" {
		p.ID, p.From, p.Subject = e.ID, glyph.Cut(e.From.String(), wordsMost), glyph.Cut(e.Subject, wordsMost)
	}
	if k.Hash != "" {
		p.Hash = k.Hash
	}
	p.Cause, p.Again = glyph.Cut(k.Cause, wordsMost), false
}

// tell records how people are informed of a message.
func (s Quarantine) tell(tx txn, now time.Time, sh *shelf, p *desk.Quarantined,
	tell func(desk.Told) desk.Decision) error {
	told, err := sh.told(tx, now)
	if err != nil {
		return err
	}
	d := tell(told)
	if len(d.Effects) == 0 {
		return nil
	}
	if p.Ticket, err = apply(tx, now, d, s.tried(p.Arrived)); err != nil {
		return err
	}
	if told.Ticket == nil {
		sh.Since, sh.Ticket, sh.Told = now, p.Ticket, 0
	}
	sh.Told++
	return nil
}

// shelve stores the bytes of a message if there is room for them.
func shelve(tx txn, sh *shelf, p *desk.Quarantined, raw []byte) error {
	n := int64(len(raw))
	if raw == nil || p.Whole || n > desk.KeptMost || sh.Bytes+n > shelfMost {
		return nil
	}
	p.Whole, p.Size = true, n
	sh.Bytes += n
	return tx.Bucket(bRaw).Put(number(p.Seq), raw)
}

// keep writes an entry of the quarantine and the state of its place.
func keep(tx txn, now time.Time, p desk.Quarantined, sh shelf, k desk.Keeping) error {
	a, err := attemptsAt(tx, p.Place, p.Stamp, p.ID)
	if err != nil {
		return err
	}
	a.Stamp, a.ID, a.Held, a.Note = p.Stamp, p.ID, true, p.Cause
	a.Partial = !p.Whole && (p.Hash == "" || k.Stays)
	return errors.Join(
		put(tx, bMeta, kShelf, sh),
		put(tx, bQuarantine, number(p.Seq), p),
		put(tx, bSeen, placeKey(p.Place), seen{Key: k.Key, At: now, Stamp: p.Stamp}),
		put(tx, bAttempts, placeKey(p.Place), a))
}

// quarantinedAt returns the latest quarantine entry of a message, the zero value if there is none.
func quarantinedAt(tx txn, e desk.Entry) (found desk.Quarantined, err error) {
	if a, err := attemptsAt(tx, e.Place, e.Stamp, e.ID); err != nil || !a.Held {
		return found, err
	}
	err = each(tx, bQuarantine, func(_ []byte, p desk.Quarantined) error {
		if p.Place == e.Place && (attempt{Stamp: p.Stamp, ID: p.ID}).is(e.Stamp, e.ID) {
			found = p
		}
		return nil
	})
	return found, err
}

// All returns the quarantine in order.
func (s Quarantine) All() ([]desk.Quarantined, error) {
	var all []desk.Quarantined
	err := s.view(func(tx txn) error {
		return each(tx, bQuarantine, func(_ []byte, p desk.Quarantined) error { all = append(all, p); return nil })
	})
	return all, err
}

// Entry returns an entry of the quarantine and the message's bytes, nil if they are not stored.
func (s Quarantine) Entry(seq uint64) (p desk.Quarantined, raw []byte, err error) {
	err = s.view(func(tx txn) error {
		if ok, err := get(tx, bQuarantine, number(seq), &p); err != nil || !ok {
			return orAbsent(err, "quarantine entry", seq)
		}
		b, err := tx.Bucket(bRaw).Get(number(seq))
		if b != nil {
			raw = append([]byte{}, b...)
		}
		return err
	})
	return p, raw, err
}

// Stored returns the stored bytes of the messages from a place, latest first. There are several if a restored server
// has assigned a number twice.
func (s Quarantine) Stored(at desk.Place) (found [][]byte, err error) {
	err = s.view(func(tx txn) error {
		var seqs []uint64
		err := each(tx, bQuarantine, func(_ []byte, p desk.Quarantined) error {
			if p.Place == at && p.Whole {
				seqs = append([]uint64{p.Seq}, seqs...)
			}
			return nil
		})
		for _, seq := range seqs {
			raw, rerr := tx.Bucket(bRaw).Get(number(seq))
			if err = errors.Join(err, rerr); raw != nil {
				found = append(found, append([]byte{}, raw...))
			}
		}
		return err
	})
	return found, err
}

// Again makes the next pass retry a message in the quarantine.
func (s Quarantine) Again(seq uint64) error {
	return s.update(func(tx txn) error {
		var p desk.Quarantined
		if ok, err := get(tx, bQuarantine, number(seq), &p); err != nil || !ok {
			return orAbsent(err, "quarantine entry", seq)
		}
		p.Again = true
		return put(tx, bQuarantine, number(seq), p)
	})
}

// Release removes an entry from the quarantine. Its message counts as processed.
func (s Quarantine) Release(seq uint64) error {
	return s.update(func(tx txn) error { return releaseEntry(tx, seq) })
}

func releaseEntry(tx txn, seq uint64) error {
	var p desk.Quarantined
	if ok, err := get(tx, bQuarantine, number(seq), &p); err != nil || !ok {
		return orAbsent(err, "quarantine entry", seq)
	}
	sh, err := shelved(tx)
	if err != nil {
		return err
	}
	if p.Whole {
		sh.Bytes = max(0, sh.Bytes-p.Size)
	}
	if err := put(tx, bMeta, kShelf, sh); err != nil {
		return err
	}
	for _, b := range []string{bQuarantine, bRaw} {
		if err := tx.Bucket(b).Delete(number(seq)); err != nil {
			return fmt.Errorf("release quarantine entry %d: %w", seq, err)
		}
	}
	return leave(tx, p)
}

// leave records at the message's place that it is processed, if the place has no record yet, and deletes its attempts.
func leave(tx txn, p desk.Quarantined) error {
	if known, err := has(tx, bSeen, placeKey(p.Place)); err != nil {
		return err
	} else if !known {
		if err := put(tx, bSeen, placeKey(p.Place), seen{At: p.At, Stamp: p.Stamp}); err != nil {
			return err
		}
	}
	if a, err := attemptsAt(tx, p.Place, p.Stamp, p.ID); err != nil || a == (attempt{}) {
		return err
	}
	return tx.Bucket(bAttempts).Delete(placeKey(p.Place))
}
