package store

import (
	"encoding/binary"
	"errors"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/bolt"
	"helpdesk/pkg/store/engine"
)

// Doubt records that the state may have forgotten what was done: another database server took over without the last
// commits, or an older copy was put in the state's place.
//
// From then on an attempt with unknown outcome is assumed for every effect in the outbox and for every effect of a
// message that arrived before the doubt. Such an effect is searched for before it is made.
type Doubt struct {
	Cause  Cause     `json:"cause,omitempty"`
	At     time.Time `json:"at"`             // when the doubt arose
	Since  time.Time `json:"since,omitzero"` // time of the last commit that is still there
	Unsure int       `json:"unsure"`         // effects that were in the outbox at that time
	Done   bool      `json:"done"`           // a pass has checked the messages that may have been forgotten
	Told   bool      `json:"told"`           // a pass has reported the doubt
}

// Cause is the reason to doubt a state.
type Cause string

// The causes.
const (
	Succeeded Cause = "server" // the history of the database has changed
	Restored  Cause = "backup" // the state is a copy made by Backup
	Older     Cause = "older"  // the state is older than the last pass recorded
	// the state was missing although passes had run; a new one was begun, and the contents of the old one are lost
	Gone Cause = "gone"
)

// Doubt returns the doubt that no pass has reported yet, nil if there is none.
func (s *Store) Doubt() *Doubt {
	if s.doubt.At.IsZero() || s.doubt.Told {
		return nil
	}
	d := s.doubt
	return &d
}

// DoubtTold records that a pass has reported the doubt.
func (s *Store) DoubtTold() error {
	if s.Doubt() == nil {
		return nil
	}
	s.doubt.Told = true
	return s.update(func(tx txn) error { return put(tx, bMeta, kDoubt, s.doubt) })
}

// Doubted returns the time of the last doubt, zero if there never was one.
func (s *Store) Doubted() time.Time { return s.doubt.At }

// lostBefore is the assumed maximum time from the arrival of a message to its recording.
const lostBefore = time.Hour

// Lost returns the time since which the mailbox may contain marked messages that the state has forgotten. It returns
// zero if there is no doubt or if a pass has already checked those messages.
func (s *Store) Lost() time.Time {
	if s.doubt.At.IsZero() || s.doubt.Done {
		return time.Time{}
	}
	return s.doubt.Since.Add(-lostBefore)
}

// Recovered records that a pass has checked the messages since Lost.
func (s *Store) Recovered() error {
	if s.Lost().IsZero() {
		return nil
	}
	s.doubt.Done = true
	return s.update(func(tx txn) error { return put(tx, bMeta, kDoubt, s.doubt) })
}

// Keys in the bucket meta that show how old a state is.
var (
	kDoubt   = []byte("doubt")
	kBackup  = []byte("backup")  // when this state was copied by Backup
	kWritten = []byte("written") // how often a file was written, and the time of the last write
)

// compare checks the state against what is known about it, and records a doubt if it may have lost something. For a
// file opened with Options.Made (a command that works on the file itself) the check is left to the next run.
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
		return errors.Join(s.keepDoubt(tx, d), s.count(tx, o.Writes)) // recorded only once
	})
}

// suspect returns the reason why the state may have forgotten something, and since when. Cause is empty if there is
// none.
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
		return Doubt{Cause: Gone, Done: true}, nil // the lost contents cannot be recovered by searching
	case s.near && writes < o.Writes:
		return Doubt{Cause: Older, Since: last}, nil
	case about.Line != "" && s.line != "" && about.Line != s.line:
		return Doubt{Cause: Succeeded, Since: about.Written}, nil
	}
	return Doubt{}, nil
}

// keepDoubt records a doubt and marks the effects in the outbox as unsure. If an earlier doubt has not been checked
// yet, its time is kept.
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

// count adds one to the number of writes of a file, and raises it to least if it is lower. A database server has a
// history of its own.
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

// Writes returns the number of times a file was written.
func (s *Store) Writes() (uint64, error) {
	n, _, err := s.written()
	return n, err
}

// Stamp writes what is still to be written, and returns what changes with each write to the file; "" for a database.
func (s *Store) Stamp() (string, error) {
	if !s.near {
		return "", nil
	}
	err := s.settle()
	return bolt.Stamp(s.db.About().Name), err
}

func (s *state) written() (n uint64, last time.Time, err error) {
	err = s.view(func(tx txn) error {
		raw, err := tx.Bucket(bMeta).Get(kWritten)
		n, last = readWritten(raw)
		return err
	})
	return n, last, err
}

// readWritten decodes what count has stored. It returns zero values for a state written by an older version.
func readWritten(raw []byte) (uint64, time.Time) {
	if len(raw) != 16 {
		return 0, time.Time{}
	}
	return numbered(raw), time.Unix(int64(numbered(raw[min(8, len(raw)):])), 0)
}

// unsettle marks every effect in the outbox as attempted with an unknown outcome.
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

// doubtful marks an effect as possibly attempted since the given time.
func doubtful(p *desk.Pending, since, now time.Time) {
	if p.Unsure, p.Last = true, now; p.Tries == 0 {
		p.Tries, p.First = 1, since
	}
	if !p.Held {
		p.Next = time.Time{}
	}
}

// tried returns the time since which the effects of a message may have been attempted without a record in the state,
// zero if that is impossible.
func (s *state) tried(arrived time.Time) time.Time {
	if s.doubt.Cause != Gone && arrived.Before(s.doubt.At) {
		return arrived
	}
	return time.Time{}
}

// readDoubt reads the stored doubt, and whether the state is a copy.
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
	if err := decode(raw, &s.doubt); err != nil {
		return unreadable(bMeta, []byte(kDoubt), err)
	}
	return nil
}
