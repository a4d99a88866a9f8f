package store

import (
	"fmt"
	"testing"
	"time"

	"helpdesk/pkg/desk"
)

// TestUnseenReadsNoMoreThanAsked puts an entry that cannot be decoded behind those that a pass looks for: it is
// reported only to a call that asks for more.
func TestUnseenReadsNoMoreThanAsked(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		at := time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
		err := s.update(func(tx txn) error {
			for i := range 5 {
				key := fmt.Sprint("u", i)
				u := desk.Unconfirmed{Effect: desk.Effect{Key: key}, At: at}
				if i == 1 {
					u.Looked = at.Add(time.Hour)
				}
				if err := put(tx, bUnseen, []byte(key), u); err != nil {
					return err
				}
			}
			return tx.Bucket(bUnseen).Put([]byte("u5"), []byte("no JSON"))
		})
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.Outbox.Unseen(at.Add(time.Minute), 4)
		if err != nil || len(list) != 4 || list[1].Effect.Key != "u2" {
			t.Errorf("%v, %v", list, err)
		}
		if _, err := s.Outbox.Unseen(at.Add(time.Minute), 5); err == nil {
			t.Error("the damaged entry is not reported")
		}
	})
}
