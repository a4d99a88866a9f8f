package store

import "helpdesk/pkg/desk"

// Accept records differences that a person has accepted. A comment or task that is missing from the portal is not
// posted again after that.
func (s Ledger) Accept(list []desk.Accepted) error {
	return s.update(func(tx txn) error {
		for _, a := range list {
			if a.Effect != "" {
				if err := forgetUnseen(tx, []byte(a.Effect)); err != nil {
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

// Accepted returns the accepted differences, in the order of their ids.
func (s Ledger) Accepted() (list []desk.Accepted, err error) {
	err = s.view(func(tx txn) error {
		return each(tx, bAccepted, func(_ []byte, a desk.Accepted) error { list = append(list, a); return nil })
	})
	return list, err
}

// Unaccept removes accepted differences, so that they are reported again. It returns how many there were.
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
