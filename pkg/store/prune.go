package store

import (
	"fmt"
	"slices"
	"time"

	json "github.com/go-json-experiment/json/v1"
	bolt "go.etcd.io/bbolt"

	"helpdesk/pkg/desk"
)

// mostRead bounds how many entries one pass looks at, so that none of them takes long over it.
const mostRead = 20_000

// aging are the buckets that Prune goes through, in this order.
var aging = [][]byte{bJournal, bProfiles, bSeen, bMessages}

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
// journal, the answers of other directories, places of marked messages, and all of a message's record but its key. It
// looks at so many entries and goes on there the next time. It returns how many it forgot, and whether the round through
// all of them has ended.
func (s *Store) Prune(before time.Time) (forgot int, ended bool, err error) {
	if err := s.settle(); err != nil {
		return 0, false, err
	}
	var from, to position
	found := map[string][][]byte{} // by bucket; listed before anything is changed
	err = s.view(func(tx *bolt.Tx) (err error) {
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
	if err := s.update(func(tx *bolt.Tx) error { return forget(tx, found, to) }); err != nil {
		return 0, false, fmt.Errorf("prune state: %w", err)
	}
	return forgot, ended, nil
}

// aged lists by bucket the entries to be forgotten, and returns where it stopped.
func aged(tx *bolt.Tx, from position, before time.Time, found map[string][][]byte) (position, error) {
	left := mostRead
	start := max(0, slices.IndexFunc(aging, func(b []byte) bool { return string(b) == from.Bucket }))
	for _, bucket := range aging[start:] {
		c := tx.Bucket(bucket).Cursor()
		key, raw := c.First()
		if string(bucket) == from.Bucket {
			key, raw = c.Seek(from.Key)
		}
		for ; key != nil; key, raw = c.Next() {
			if left--; left < 0 {
				return position{string(bucket), slices.Clone(key)}, nil
			}
			var v old
			if err := json.Unmarshal(raw, &v); err != nil {
				return position{}, fmt.Errorf("read state %s/%x: %w", bucket, key, err)
			}
			if v.At.Before(before) && !kept(bucket, v) {
				found[string(bucket)] = append(found[string(bucket)], slices.Clone(key))
			}
		}
	}
	return position{}, nil
}

// kept says whether an entry stays however old it is.
func kept(bucket []byte, v old) bool {
	switch string(bucket) {
	case string(bSeen):
		return !v.Marked
	case string(bMessages):
		return v.Verdict == "" // all but its key is forgotten already
	}
	return false
}

// forget takes the entries out and keeps where to go on.
func forget(tx *bolt.Tx, found map[string][][]byte, to position) error {
	for bucket, keys := range found {
		for _, key := range keys {
			if err := forgetOne(tx, []byte(bucket), key); err != nil {
				return err
			}
		}
	}
	if to.Bucket == "" {
		return tx.Bucket(bCursors).Delete([]byte("prune"))
	}
	return put(tx, bCursors, []byte("prune"), to)
}

func forgetOne(tx *bolt.Tx, bucket, key []byte) error {
	if string(bucket) != string(bMessages) {
		return tx.Bucket(bucket).Delete(key)
	}
	var r desk.Record
	if err := json.Unmarshal(tx.Bucket(bucket).Get(key), &r); err != nil {
		return err
	}
	return put(tx, bucket, key, desk.Record{Key: r.Key, At: r.At, Ticket: r.Ticket})
}
