package store

import (
	"fmt"
	"time"

	json "github.com/go-json-experiment/json/v1"
	bolt "go.etcd.io/bbolt"

	"helpdesk/pkg/desk"
)

// mostPruned bounds what one pass forgets, so that none of them takes long over it.
const mostPruned = 5000

// old is what the values that age have in common.
type old struct {
	At       time.Time    `json:"at"`
	Marked   bool         `json:"marked"`
	Verdict  desk.Verdict `json:"verdict"`
	Received time.Time    `json:"received"`
}

// Prune forgets what is older than before and is needed neither to know a message again nor to follow a thread: the
// journal, the answers of other directories, places of marked messages, and all of a message's record but its key. It
// returns how many entries it forgot.
func (s *Store) Prune(before time.Time) (int, error) {
	if err := s.settle(); err != nil {
		return 0, err
	}
	n := 0
	for _, bucket := range [][]byte{bJournal, bProfiles, bSeen, bMessages} {
		keys, err := s.aged(bucket, before, mostPruned-n)
		if err != nil {
			return n, err
		}
		if len(keys) == 0 {
			continue
		}
		if err := s.update(func(tx *bolt.Tx) error { return forget(tx, bucket, keys) }); err != nil {
			return n, fmt.Errorf("prune state: %w", err)
		}
		n += len(keys)
	}
	return n, nil
}

// aged lists the entries of a bucket to be forgotten; the list is made before anything is changed.
func (s *Store) aged(bucket []byte, before time.Time, most int) (keys [][]byte, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		return each(tx, bucket, func(key []byte, v old) error {
			keep := string(bucket) == string(bSeen) && !v.Marked || string(bucket) == string(bMessages) && v.Verdict == ""
			if len(keys) < most && v.At.Before(before) && !keep {
				keys = append(keys, append([]byte(nil), key...))
			}
			return nil
		})
	})
	return keys, err
}

func forget(tx *bolt.Tx, bucket []byte, keys [][]byte) error {
	for _, key := range keys {
		if string(bucket) != string(bMessages) {
			if err := tx.Bucket(bucket).Delete(key); err != nil {
				return err
			}
			continue
		}
		var r desk.Record
		if err := json.Unmarshal(tx.Bucket(bucket).Get(key), &r); err != nil {
			return err
		}
		if err := put(tx, bucket, key, desk.Record{Key: r.Key, At: r.At, Ticket: r.Ticket}); err != nil {
			return err
		}
	}
	return nil
}
