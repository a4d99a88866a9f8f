package store

import (
	"fmt"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/desk"
)

// Doubt says that the state may have forgotten what was done: another server took over and lacks the last commits of
// the one before, or an older copy of the state was put in its place.
//
// From then on every effect that waits, and every one that a message from before that time brings, is taken for one
// whose attempt has an unknown outcome: it is looked for before it is made.
type Doubt struct {
	At     time.Time `json:"at"`     // when it was noticed
	Since  time.Time `json:"since"`  // the last commit that is still there, or when the copy was made
	Unsure int       `json:"unsure"` // effects that waited then
	Done   bool      `json:"done"`   // a pass has gone through what it may have forgotten
}

// Doubt returns what was noticed when this run opened the state, nil = nothing.
func (s *Store) Doubt() *Doubt { return s.fresh }

// Doubted returns when it was last noticed that the state may have forgotten what was done, none = never.
func (s *Store) Doubted() time.Time { return s.doubt.At }

// lostBefore is how much earlier than the last commit a message may have arrived that a later one recorded.
const lostBefore = time.Hour

// Lost returns the time since which messages may have been marked that the state has forgotten, none where it has not
// forgotten any, or a pass has gone through them.
func (s *Store) Lost() time.Time {
	if s.doubt.At.IsZero() || s.doubt.Done {
		return time.Time{}
	}
	return s.doubt.Since.Add(-lostBefore)
}

// Recovered notes that a pass has gone through the messages since Lost.
func (s *Store) Recovered() error {
	if s.Lost().IsZero() {
		return nil
	}
	s.doubt.Done = true
	return s.update(func(tx txn) error { return put(tx, bMeta, []byte("doubt"), s.doubt) })
}

// kBackup is the name of meta under which a copy has the time when it was made.
var kBackup = []byte("backup")

// compare holds the server's history against the one the state was last written in, and notices a copy.
func (s *state) compare() error {
	about := s.db.About()
	since := s.copied
	moved := about.Line != "" && about.Line != s.line
	if since.IsZero() && moved && s.line != "" {
		since = about.Written
	}
	if since.IsZero() && !moved {
		return nil
	}
	return s.update(func(tx txn) error {
		meta := tx.Bucket(bMeta)
		if !since.IsZero() {
			if err := s.mistrust(tx, since); err != nil {
				return err
			}
		}
		if err := meta.Delete(kBackup); err != nil || !moved {
			return err
		}
		return meta.Put([]byte("line"), []byte(about.Line))
	})
}

// mistrust notes that the state may have forgotten what was done since a time.
func (s *state) mistrust(tx txn, since time.Time) (err error) {
	d := Doubt{At: s.now(), Since: since}
	if d.Unsure, err = unsettle(tx, d.At); err != nil {
		return err
	}
	s.doubt, s.fresh = d, &d
	return put(tx, bMeta, []byte("doubt"), d)
}

// unsettle makes every effect in the outbox one whose attempt has an unknown outcome.
func unsettle(tx txn, now time.Time) (int, error) {
	var all []entry
	err := each(tx, bOutbox, func(_ []byte, e entry) error { all = append(all, e); return nil })
	if err != nil {
		return 0, err
	}
	for _, e := range all {
		p := e.pending()
		doubtful(&p, p.Added, now)
		if err := save(tx, p, false); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// doubtful makes an effect one that may have been tried since a time.
func doubtful(p *desk.Pending, since, now time.Time) {
	if p.Unsure, p.Last = true, now; p.Tries == 0 {
		p.Tries, p.First = 1, since
	}
	if !p.Held {
		p.Next = time.Time{}
	}
}

// tried returns since when the effects of a message may have been tried without the state's knowing, none = they were
// not.
func (s *state) tried(arrived time.Time) time.Time {
	if arrived.Before(s.doubt.At) {
		return arrived
	}
	return time.Time{}
}

// readDoubt reads what was noticed before.
func (s *state) readDoubt(raw []byte) error {
	if raw == nil {
		return nil
	}
	if err := json.Unmarshal(raw, &s.doubt); err != nil {
		return fmt.Errorf("read state %s/doubt: %w", bMeta, err)
	}
	return nil
}

// readCopied reads when this copy was made.
func (s *state) readCopied(raw []byte) error {
	if raw == nil {
		return nil
	}
	if err := s.copied.UnmarshalText(raw); err != nil {
		return fmt.Errorf("read state %s/%s: %w", bMeta, kBackup, err)
	}
	return nil
}
