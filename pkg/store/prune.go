package store

import (
	"fmt"
	"slices"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/engine"
)

// mostRead limits the entries that one pass examines, so that no pass takes long: they take less than a millisecond.
// Two passes a minute examine up to 1.4 million entries a day. A larger state takes several days.
const mostRead = 500

// aging lists the buckets that Prune examines, in this order.
var aging = []string{bJournal, bProfiles, bSeen, bMessages, bAccepted}

// old has the fields by which the age of an entry is judged.
type old struct {
	At       time.Time    `json:"at"`
	Marked   bool         `json:"marked"`
	Verdict  desk.Verdict `json:"verdict"`
	Received time.Time    `json:"received"`
}

// position is where the next Prune continues.
type position struct {
	Bucket string `json:"bucket"` // "" = start from the beginning
	Key    []byte `json:"key"`
}

// Prune deletes entries that are older than before and not needed to recognize a message or follow a thread: the
// journal, the answers of other directories, accepted differences and the places of marked messages. Of a message's
// record it keeps the key, the time and the ticket. Each call examines a limited number of entries and continues where
// the last one stopped. Prune returns the number of deleted entries, and whether all buckets have been examined.
func (s *Store) Prune(before time.Time) (forgot int, ended bool, err error) {
	if err := s.settle(); err != nil {
		return 0, false, err
	}
	var from, to position
	found := map[string][][]byte{} // by bucket; collected before anything is changed
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

// aged collects the entries to be deleted, by bucket, and returns where it stopped.
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
			if err := decode(raw, &v); err != nil {
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

// kept reports whether an entry stays regardless of its age.
func kept(bucket string, v old) bool {
	switch bucket {
	case bSeen:
		return !v.Marked
	case bMessages:
		return v.Verdict == "" // already reduced to its key
	}
	return false
}

// forget deletes the entries and stores the position for the next Prune.
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
