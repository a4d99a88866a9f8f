package store

import (
	"errors"
	"fmt"
	"time"

	"helpdesk/pkg/desk"
)

// Attempted notes that a pass could not process a message, and returns how many have tried by now.
func (s Quarantine) Attempted(now time.Time, p desk.Place, why string) (int, error) {
	var a attempt
	err := s.update(func(tx txn) error {
		if _, err := get(tx, bAttempts, placeKey(p), &a); err != nil {
			return err
		}
		a.Tries, a.Note, a.At = a.Tries+1, why, now
		return put(tx, bAttempts, placeKey(p), a)
	})
	return a.Tries, err
}

// Keep keeps a message that can't be processed, whole where raw is not nil, together with the decision that tells
// people of it, in one transaction; from then on the message counts as done. One that lies there already keeps its
// entry and its bytes, and people are not told twice.
func (s Quarantine) Keep(now time.Time, e desk.Entry, cause string, raw []byte, tell desk.Decision) (p desk.Quarantined, err error) {
	err = s.update(func(tx txn) error {
		if p, err = quarantinedAt(tx, e.Listing); err != nil {
			return err
		}
		if p.Seq == 0 {
			p = desk.Quarantined{Place: e.Place, Stamp: e.Stamp, Size: e.Size, From: e.From.String(), Subject: e.Subject, Arrived: e.Received, At: now}
			if p.Seq, err = tx.Bucket(bQuarantine).Count(1); err != nil {
				return err
			}
		}
		if p.Ticket == 0 {
			if p.Ticket, err = apply(tx, now, tell, s.tried(e.Received)); err != nil {
				return err
			}
		}
		p.Cause, p.Again, p.Whole = cause, false, p.Whole || raw != nil
		return keep(tx, now, p, raw, tell.Key)
	})
	return p, err
}

// keep writes an entry of the quarantine, and what is known of its place from now on.
func keep(tx txn, now time.Time, p desk.Quarantined, raw []byte, key string) error {
	if raw != nil {
		if err := tx.Bucket(bRaw).Put(number(p.Seq), raw); err != nil {
			return err
		}
	}
	if err := put(tx, bQuarantine, number(p.Seq), p); err != nil {
		return err
	}
	if err := put(tx, bSeen, placeKey(p.Place), seen{Key: key, At: now, Stamp: p.Stamp}); err != nil {
		return err
	}
	var a attempt
	if _, err := get(tx, bAttempts, placeKey(p.Place), &a); err != nil {
		return err
	}
	a.Held, a.Partial, a.Note = true, !p.Whole, p.Cause
	return put(tx, bAttempts, placeKey(p.Place), a)
}

// quarantinedAt returns the entry of a message, the latest where there are several, none = a zero one.
func quarantinedAt(tx txn, l desk.Listing) (found desk.Quarantined, err error) {
	err = each(tx, bQuarantine, func(_ []byte, p desk.Quarantined) error {
		if p.Place == l.Place && (p.Stamp == "" || l.Stamp == "" || p.Stamp == l.Stamp) {
			found = p
		}
		return nil
	})
	return found, err
}

// All returns the quarantine in its order.
func (s Quarantine) All() ([]desk.Quarantined, error) {
	var all []desk.Quarantined
	err := s.view(func(tx txn) error {
		return each(tx, bQuarantine, func(_ []byte, p desk.Quarantined) error { all = append(all, p); return nil })
	})
	return all, err
}

// Entry returns one entry of the quarantine and its bytes, nil where they are not kept.
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

// Stored returns the bytes of a message that lies in the quarantine, nil where it does not or they are not kept.
func (s Quarantine) Stored(at desk.Place) (raw []byte, err error) {
	all, err := s.All()
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.Place == at {
			_, raw, err = s.Entry(p.Seq)
		}
	}
	return raw, err
}

// Again lets the next pass try an entry of the quarantine once more: what is not kept whole is forgotten where it lay,
// so that its mailbox is asked for it, if it is still unseen there.
func (s Quarantine) Again(seq uint64) error {
	return s.update(func(tx txn) error {
		var p desk.Quarantined
		if ok, err := get(tx, bQuarantine, number(seq), &p); err != nil || !ok {
			return orAbsent(err, "quarantine entry", seq)
		}
		if !p.Whole {
			if err := forgetHeld(tx, p.Place); err != nil {
				return err
			}
		}
		p.Again = true
		return put(tx, bQuarantine, number(seq), p)
	})
}

// forgetHeld makes the message of a place unknown there, unless it has come out of the quarantine by now.
func forgetHeld(tx txn, at desk.Place) error {
	var a attempt
	if _, err := get(tx, bAttempts, placeKey(at), &a); err != nil || !a.Held {
		return err
	}
	return errors.Join(tx.Bucket(bAttempts).Delete(placeKey(at)), tx.Bucket(bSeen).Delete(placeKey(at)))
}

// Release takes an entry out of the quarantine: its message is done, wherever it lay.
func (s Quarantine) Release(seq uint64) error {
	return s.update(func(tx txn) error {
		var p desk.Quarantined
		if ok, err := get(tx, bQuarantine, number(seq), &p); err != nil || !ok {
			return orAbsent(err, "quarantine entry", seq)
		}
		for _, b := range []string{bQuarantine, bRaw} {
			if err := tx.Bucket(b).Delete(number(seq)); err != nil {
				return fmt.Errorf("release quarantine entry %d: %w", seq, err)
			}
		}
		if known, err := has(tx, bSeen, placeKey(p.Place)); err != nil {
			return err
		} else if !known { // its mailbox was to be asked for it
			if err := put(tx, bSeen, placeKey(p.Place), seen{At: p.At}); err != nil {
				return err
			}
		}
		return tx.Bucket(bAttempts).Delete(placeKey(p.Place))
	})
}
