package store

import (
	"errors"

	"helpdesk/pkg/desk"
)

// keepCopy stores a sent letter until a copy of it is in the mailbox.
func keepCopy(tx txn, c desk.Copy, raw []byte) (err error) {
	if c.Seq, err = tx.Bucket(bCopies).Count(1); err != nil {
		return err
	}
	c.Size = len(raw)
	return errors.Join(put(tx, bCopies, number(c.Seq), c), tx.Bucket(bSent).Put(number(c.Seq), raw))
}

// Left returns the letters that still need a copy in the mailbox, oldest first.
func (s Copies) Left(mailbox string) (all []desk.Copy, err error) {
	err = s.view(func(tx txn) error {
		return each(tx, bCopies, func(_ []byte, c desk.Copy) error {
			if c.Mailbox == mailbox {
				all = append(all, c)
			}
			return nil
		})
	})
	return all, err
}

// Raw returns the bytes of the letter with this number.
func (s Copies) Raw(seq uint64) (raw []byte, err error) {
	err = s.view(func(tx txn) error {
		v, err := tx.Bucket(bSent).Get(number(seq))
		raw = append([]byte(nil), v...)
		return err
	})
	return raw, err
}

// Note records the outcome of copies, and deletes those that were made or given up.
func (s Copies) Note(changed []desk.Copy, gone []uint64) error {
	return s.update(func(tx txn) error {
		for _, c := range changed {
			if err := put(tx, bCopies, number(c.Seq), c); err != nil {
				return err
			}
		}
		for _, seq := range gone {
			if err := errors.Join(tx.Bucket(bCopies).Delete(number(seq)),
				tx.Bucket(bSent).Delete(number(seq))); err != nil {
				return err
			}
		}
		return nil
	})
}
