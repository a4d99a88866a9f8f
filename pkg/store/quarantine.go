package store

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"helpdesk/pkg/desk"
)

// Quarantine keeps a message that can't be processed, whole where raw is not nil, together with the decision that tells
// people of it, in one transaction; from then on the message counts as done.
func (s *Store) Quarantine(now time.Time, e desk.Entry, cause string, raw []byte, tell desk.Decision) (desk.Poison, error) {
	p := desk.Poison{Place: e.Place, Size: e.Size, From: e.From.String(), Subject: e.Subject, Cause: cause, At: now, Whole: raw != nil}
	err := s.update(func(tx *bolt.Tx) (err error) {
		if p.Ticket, err = s.apply(tx, now, tell); err != nil {
			return err
		}
		if p.Seq, err = tx.Bucket(bPoison).NextSequence(); err != nil {
			return err
		}
		if raw != nil {
			if err := tx.Bucket(bRaw).Put(number(p.Seq), raw); err != nil {
				return err
			}
		}
		if err := put(tx, bPoison, number(p.Seq), p); err != nil {
			return err
		}
		if err := put(tx, bSeen, placeKey(e.Place), seen{Key: tell.Key, At: now}); err != nil {
			return err
		}
		var a attempt
		if _, err := get(tx, bAttempts, placeKey(e.Place), &a); err != nil {
			return err
		}
		a.Held, a.Partial, a.Note = true, raw == nil, cause
		return put(tx, bAttempts, placeKey(e.Place), a)
	})
	return p, err
}

// Poisons returns the quarantine in its order.
func (s *Store) Poisons() ([]desk.Poison, error) {
	var all []desk.Poison
	err := s.view(func(tx *bolt.Tx) error {
		return each(tx, bPoison, func(_ []byte, p desk.Poison) error { all = append(all, p); return nil })
	})
	return all, err
}

// Poison returns one entry of the quarantine and its bytes, nil where they are not kept.
func (s *Store) Poison(seq uint64) (p desk.Poison, raw []byte, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		if ok, err := get(tx, bPoison, number(seq), &p); err != nil || !ok {
			return orAbsent(err, "quarantine entry", seq)
		}
		if b := tx.Bucket(bRaw).Get(number(seq)); b != nil {
			raw = append([]byte{}, b...)
		}
		return nil
	})
	return p, raw, err
}

// Stored returns the bytes of a message that lies in the quarantine, nil where it does not or they are not kept.
func (s *Store) Stored(at desk.Place) (raw []byte, err error) {
	all, err := s.Poisons()
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.Place == at {
			_, raw, err = s.Poison(p.Seq)
		}
	}
	return raw, err
}

// Again lets the next pass try an entry of the quarantine once more.
func (s *Store) Again(seq uint64) error {
	return s.update(func(tx *bolt.Tx) error {
		var p desk.Poison
		if ok, err := get(tx, bPoison, number(seq), &p); err != nil || !ok {
			return orAbsent(err, "quarantine entry", seq)
		}
		p.Again = true
		return put(tx, bPoison, number(seq), p)
	})
}

// Release takes an entry out of the quarantine. With forget the mailbox is asked for the message again, if it is still
// unseen there.
func (s *Store) Release(seq uint64, forget bool) error {
	return s.update(func(tx *bolt.Tx) error {
		var p desk.Poison
		if ok, err := get(tx, bPoison, number(seq), &p); err != nil || !ok {
			return orAbsent(err, "quarantine entry", seq)
		}
		for _, b := range [][]byte{bPoison, bRaw} {
			if err := tx.Bucket(b).Delete(number(seq)); err != nil {
				return fmt.Errorf("release quarantine entry %d: %w", seq, err)
			}
		}
		if err := tx.Bucket(bAttempts).Delete(placeKey(p.Place)); err != nil || !forget {
			return err
		}
		return tx.Bucket(bSeen).Delete(placeKey(p.Place))
	})
}
