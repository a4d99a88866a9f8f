package store

import "helpdesk/pkg/desk"

// Accept keeps differences that a person knows of. What was made and is not there as it was made is not made again.
func (s Ledger) Accept(list []desk.Accepted) error {
	return s.update(func(tx txn) error {
		for _, a := range list {
			if a.Effect != "" {
				if err := tx.Bucket(bUnseen).Delete([]byte(a.Effect)); err != nil {
					return err
				}
			}
			if err := put(tx, bAccepted, []byte(a.ID), a); err != nil {
				return err
			}
		}
		return nil
	})
}

// Accepted returns the differences that were accepted, by their ids.
func (s Ledger) Accepted() (list []desk.Accepted, err error) {
	err = s.view(func(tx txn) error {
		return each(tx, bAccepted, func(_ []byte, a desk.Accepted) error { list = append(list, a); return nil })
	})
	return list, err
}

// Unaccept has differences told again, and returns how many of them were accepted.
func (s Ledger) Unaccept(ids []string) (n int, err error) {
	err = s.update(func(tx txn) error {
		for _, id := range ids {
			ok, err := has(tx, bAccepted, []byte(id))
			if err == nil && ok {
				n, err = n+1, tx.Bucket(bAccepted).Delete([]byte(id))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
