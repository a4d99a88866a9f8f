package store

import (
	"fmt"
	"slices"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/engine"
)

// mostRead bounds how many entries one pass looks at, so that none of them takes long over it.
const mostRead = 20_000

// aging are the buckets that Prune goes through, in this order.
var aging = []string{bJournal, bProfiles, bSeen, bMessages, bAccepted}

// old is what the values that age have in common.
type old struct {
	At       time.Time    `json:"at"`
	Marked   bool         `json:"marked"`
	Verdict  desk.Verdict `json:"verdict"`
	Received time.Time    `json:"received"`
}

// position is where a round through the buckets goes on.
type position struct {
	Bucket string `json:"bucket"` // "" = at the beginning
	Key    []byte `json:"key"`
}

// Prune forgets what is older than before and is needed neither to know a message again nor to follow a thread: the
// journal, the answers of other directories, accepted differences, places of marked messages, and all of a message's
// record but its key. It looks at so many entries and goes on there the next time. It returns how many it forgot, and
// whether the round through all of them has ended.
func (s *Store) Prune(before time.Time) (forgot int, ended bool, err error) {
	if err := s.settle(); err != nil {
		return 0, false, err
	}
	var from, to position
	found := map[string][][]byte{} // by bucket; listed before anything is changed
	err = s.view(func(tx txn) (err error) {
		if _, err = get(tx, bCursors, []byte("prune"), &from); err == nil {
			to, err = aged(tx, from, before, found)
		}
		return err
	})
	ended = to.Bucket == ""
	for _, keys := range found {
		forgot += len(keys)
	}
	if err != nil || forgot == 0 && ended && from.Bucket == "" {
		return 0, ended, err
	}
	if err := s.update(func(tx txn) error { return forget(tx, found, to) }); err != nil {
		return 0, false, fmt.Errorf("prune state: %w", err)
	}
	return forgot, ended, nil
}

// aged lists by bucket the entries to be forgotten, and returns where it stopped.
func aged(tx txn, from position, before time.Time, found map[string][][]byte) (to position, err error) {
	left := mostRead
	start := max(0, slices.IndexFunc(aging, func(b string) bool { return b == from.Bucket }))
	for _, bucket := range aging[start:] {
		var start []byte
		if bucket == from.Bucket {
			start = from.Key
		}
		err := tx.Bucket(bucket).Walk(start, func(key, raw []byte) error {
			if left--; left < 0 {
				to = position{bucket, slices.Clone(key)}
				return engine.ErrStop
			}
			var v old
			if err := json.Unmarshal(raw, &v); err != nil {
				return unreadable(bucket, key, err)
			}
			if v.At.Before(before) && !kept(bucket, v) {
				found[bucket] = append(found[bucket], slices.Clone(key))
			}
			return nil
		})
		if err != nil || left < 0 {
			return to, err
		}
	}
	return position{}, nil
}

// kept reports whether an entry stays however old it is.
func kept(bucket string, v old) bool {
	switch bucket {
	case bSeen:
		return !v.Marked
	case bMessages:
		return v.Verdict == "" // all but its key is forgotten already
	}
	return false
}

// forget takes the entries out and keeps where to go on.
func forget(tx txn, found map[string][][]byte, to position) error {
	for bucket, keys := range found {
		for _, key := range keys {
			if err := forgetOne(tx, bucket, key); err != nil {
				return err
			}
		}
	}
	if to.Bucket == "" {
		return tx.Bucket(bCursors).Delete([]byte("prune"))
	}
	return put(tx, bCursors, []byte("prune"), to)
}

func forgetOne(tx txn, bucket string, key []byte) error {
	if bucket != bMessages {
		return tx.Bucket(bucket).Delete(key)
	}
	var r desk.Record
	if _, err := get(tx, bucket, key, &r); err != nil {
		return err
	}
	return put(tx, bucket, key, desk.Record{Key: r.Key, At: r.At, Ticket: r.Ticket})
}
