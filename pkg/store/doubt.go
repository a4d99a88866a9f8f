package store

import (
	"encoding/binary"
	"errors"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/engine"
)

// Doubt says that the state may have forgotten what was done: another server took over and lacks the last commits of
// the one before, or an older copy was put in its place.
//
// From then on every effect that waits, and every one that a message from before that time brings, is taken for one
// whose attempt has an unknown outcome: it is looked for before it is made.
type Doubt struct {
	Cause  Cause     `json:"cause,omitempty"`
	At     time.Time `json:"at"`             // when it was noticed
	Since  time.Time `json:"since,omitzero"` // the last commit that is still there
	Unsure int       `json:"unsure"`         // effects that waited then
	Done   bool      `json:"done"`           // a pass has gone through what it may have forgotten
	Told   bool      `json:"told"`           // a pass has said so
}

// Cause is why a state is doubted.
type Cause string

// The causes.
const (
	Succeeded Cause = "server" // the database's history is another one
	Restored  Cause = "backup" // it is a copy that Backup made
	Older     Cause = "older"  // it is older than what the last pass noted of it
	Gone      Cause = "gone"   // there was none though passes had run, and a new one was begun; all it knew is lost
)

// Doubt returns what was noticed and no pass has told yet, nil = nothing.
func (s *Store) Doubt() *Doubt {
	if s.doubt.At.IsZero() || s.doubt.Told {
		return nil
	}
	d := s.doubt
	return &d
}

// DoubtTold notes that a pass has told of what was noticed.
func (s *Store) DoubtTold() error {
	if s.Doubt() == nil {
		return nil
	}
	s.doubt.Told = true
	return s.update(func(tx txn) error { return put(tx, bMeta, kDoubt, s.doubt) })
}

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
	return s.update(func(tx txn) error { return put(tx, bMeta, kDoubt, s.doubt) })
}

// Names of meta that tell how old a state is.
var (
	kDoubt   = []byte("doubt")
	kBackup  = []byte("backup")  // when the copy was made that this state is
	kWritten = []byte("written") // of a file: how often it was written, and when last
)

// compare holds what the state says of itself against what is known of it. Who does something to the file itself
// leaves that to who works with what is in it.
func (s *state) compare(o Options, begun bool) error {
	if s.near && o.Made {
		return nil
	}
	d, err := s.suspect(o, begun)
	line := s.db.About().Line
	if err != nil || d.Cause == "" && line == s.line {
		return err
	}
	return s.update(func(tx txn) error {
		meta := tx.Bucket(bMeta)
		if line != "" && line != s.line {
			if err := meta.Put([]byte("line"), []byte(line)); err != nil {
				return err
			}
		}
		if d.Cause == "" {
			return nil
		}
		if err := meta.Delete(kBackup); err != nil {
			return err
		}
		return errors.Join(s.keepDoubt(tx, d), s.count(tx, o.Writes)) // it is noticed once
	})
}

// suspect returns why the state may have forgotten something, and since when; no cause = it has not.
func (s *state) suspect(o Options, begun bool) (Doubt, error) {
	about := s.db.About()
	writes, last, err := s.written()
	if err != nil {
		return Doubt{}, err
	}
	switch {
	case !s.copied.IsZero():
		return Doubt{Cause: Restored, Since: s.copied}, nil
	case s.near && o.Used && begun:
		return Doubt{Cause: Gone, Done: true}, nil // what it knew is not found again by looking
	case s.near && writes < o.Writes:
		return Doubt{Cause: Older, Since: last}, nil
	case about.Line != "" && s.line != "" && about.Line != s.line:
		return Doubt{Cause: Succeeded, Since: about.Written}, nil
	}
	return Doubt{}, nil
}

// keepDoubt notes a doubt, and makes what waits unsure. What an earlier one has not gone through is part of it.
func (s *state) keepDoubt(tx txn, d Doubt) (err error) {
	if was := s.doubt; !was.At.IsZero() && !was.Done && was.Since.Before(d.Since) {
		d.Since = was.Since
	}
	d.At = s.now()
	if d.Unsure, err = unsettle(tx, d.At); err != nil {
		return err
	}
	s.doubt = d
	return put(tx, bMeta, kDoubt, d)
}

// count counts that a file is written, at least so often. What a server holds has a history of its own.
func (s *state) count(tx txn, least uint64) error {
	if !s.near {
		return nil
	}
	meta := tx.Bucket(bMeta)
	raw, err := meta.Get(kWritten)
	if err != nil {
		return err
	}
	n, _ := readWritten(raw)
	return meta.Put(kWritten, binary.BigEndian.AppendUint64(number(max(n+1, least)), uint64(s.now().Unix())))
}

// Writes returns how often a file was written.
func (s *Store) Writes() (uint64, error) {
	n, _, err := s.written()
	return n, err
}

func (s *state) written() (n uint64, last time.Time, err error) {
	err = s.view(func(tx txn) error {
		raw, err := tx.Bucket(bMeta).Get(kWritten)
		n, last = readWritten(raw)
		return err
	})
	return n, last, err
}

// readWritten reads what count has noted; nothing of a state that an older program wrote.
func readWritten(raw []byte) (uint64, time.Time) {
	if len(raw) != 16 {
		return 0, time.Time{}
	}
	return numbered(raw), time.Unix(int64(numbered(raw[min(8, len(raw)):])), 0)
}

// unsettle makes every effect in the outbox one whose attempt has an unknown outcome.
func unsettle(tx txn, now time.Time) (int, error) {
	var all []entry
	err := eachEntry(tx, func(e entry) error { all = append(all, e); return nil })
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
	if s.doubt.Cause != Gone && arrived.Before(s.doubt.At) {
		return arrived
	}
	return time.Time{}
}

// readDoubt reads what was noticed before, and whether the state is a copy.
func (s *state) readDoubt(meta engine.Bucket) error {
	backup, err := meta.Get(kBackup)
	if err != nil {
		return err
	}
	if backup != nil {
		if err := s.copied.UnmarshalText(backup); err != nil {
			return unreadable(bMeta, []byte(kBackup), err)
		}
	}
	raw, err := meta.Get(kDoubt)
	if err != nil || raw == nil {
		return err
	}
	if err := json.Unmarshal(raw, &s.doubt); err != nil {
		return unreadable(bMeta, []byte(kDoubt), err)
	}
	return nil
}
