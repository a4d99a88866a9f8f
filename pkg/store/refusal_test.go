package store

import (
	"errors"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// If a database rejects one message, other messages are not affected: the failed transaction is rolled back, and the
// same run can make the next one.
func TestAnErrorOfOneRecordIsItsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		odd := errors.New("a letter that can't be decided")
		for name, fail := range map[string]func() error{
			"a key that is none": func() error {
				return s.update(func(tx txn) error {
					if err := tx.Bucket(bSeen).Put([]byte("beside it"), []byte("x")); err != nil {
						return err
					}
					return tx.Bucket(bSeen).Put(nil, []byte("x"))
				})
			},
			"a decision": func() error {
				return s.Ledger.Record(noon, []desk.Entry{arrival(1, "a@example.org"), arrival(2, "b@example.org")},
					time.Hour, func(i int, _ desk.Facts) (desk.Decision, error) {
						if i == 1 {
							return desk.Decision{}, odd
						}
						return opens(arrival(1, "a@example.org")), nil
					})
			},
		} {
			err := fail()
			if err == nil || fault.ExtentOf(err) != fault.One || errors.Is(err, ErrAway) || errors.Is(err, ErrBroken) ||
				errors.Is(err, ErrFull) {
				t.Errorf("%s: extent %v: %v", name, fault.ExtentOf(err), err)
			}
			if err := s.view(func(tx txn) error {
				if kept, err := has(tx, bSeen, []byte("beside it")); kept || err != nil {
					t.Errorf("%s: kept %v, %v", name, kept, err)
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			if queue, err := s.Outbox.Queue(); len(queue) != 0 || err != nil {
				t.Errorf("%s: %d in the outbox, %v", name, len(queue), err)
			}
		}
		record(t, s, arrival(1, "a@example.org"), arrival(3, "c@example.org"))
		if queue, err := s.Outbox.Queue(); len(queue) == 0 || err != nil {
			t.Errorf("afterwards %d in the outbox, %v", len(queue), err)
		}
	})
}
