package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/store/engine"
)

// txn is a transaction whose buckets take keys of any length.
type txn struct {
	engine.Tx
	near bool // reads are local, so keys need not be announced

	entries *entries
	edits   *edits
}

// Bucket implements engine.Tx.
func (t txn) Bucket(name string) engine.Bucket { return bucket{t.Tx.Bucket(name)} }

// bucket replaces long keys by their hash. A customer's letter determines how long an address or a subject is, but
// engines limit the length of keys.
type bucket struct{ engine.Bucket }

func (b bucket) Get(key []byte) ([]byte, error) { return b.Bucket.Get(short(key)) }
func (b bucket) Put(key, value []byte) error    { return b.Bucket.Put(short(key), value) }
func (b bucket) Delete(key []byte) error        { return b.Bucket.Delete(short(key)) }

func (b bucket) Ahead(keys ...[]byte) {
	for i, key := range keys {
		keys[i] = short(key)
	}
	b.Bucket.Ahead(keys...)
}

// Keys up to longest bytes are stored unchanged, longer ones as their beginning and their hash.
const (
	longest   = 1000
	beginning = 200
)

func short(key []byte) []byte {
	if len(key) <= longest {
		return key
	}
	sum := sha256.Sum256(key)
	return append(append(bytes.Clone(key[:beginning]), "\x00sha256:"...), hex.EncodeToString(sum[:])...)
}

// shorten converts long keys to the form used since layout 3.
func shorten(tx txn) error {
	for _, name := range buckets {
		long := map[string][]byte{} // collected before anything is changed
		err := tx.Bucket(name).Walk(nil, func(key, value []byte) error {
			if len(key) > longest {
				long[string(key)] = bytes.Clone(value)
			}
			return nil
		})
		for key, value := range long {
			err = errors.Join(err, tx.Tx.Bucket(name).Delete([]byte(key)), tx.Bucket(name).Put([]byte(key), value))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *state) txn(t engine.Tx) txn {
	return txn{t, s.near, &s.entries, &edits{entries: map[uint64]*entry{}, opened: map[uint64]bool{}}}
}

func (s *state) update(fn func(txn) error) error { return s.change(s.db.Update, fn) }

// later is update without waiting until the changes are written.
func (s *state) later(fn func(txn) error) error { return s.change(s.db.Later, fn) }

func (s *state) change(in func(func(engine.Tx) error) error, fn func(txn) error) error {
	s.entries.writing.Lock()
	defer s.entries.writing.Unlock()
	s.mu.Lock()
	marks := s.marked
	s.marked = nil
	s.mu.Unlock()
	var changes *edits
	err := in(func(t engine.Tx) error {
		tx := s.txn(t)
		changes = tx.edits
		if err := mark(tx, marks); err != nil {
			return err
		}
		return errors.Join(fn(tx), s.count(tx, 0))
	})
	if changes != nil {
		s.entries.apply(changes, err != nil)
	}
	if err != nil {
		s.mark(marks)
	}
	return err
}

// mark schedules places to be recorded as marked with the next transaction.
func (s *state) mark(places []desk.Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marked = append(s.marked, places...)
}

// settle records scheduled marks now.
func (s *state) settle() error {
	s.mu.Lock()
	waiting := len(s.marked)
	s.mu.Unlock()
	if waiting == 0 {
		return nil
	}
	return s.update(func(txn) error { return nil })
}

func (s *state) view(fn func(txn) error) error {
	return s.db.View(func(t engine.Tx) error { return fn(s.txn(t)) })
}

// ofAll marks an error that affects every message alike: the database is away, or its disk is full.
func ofAll(err error) error {
	if errors.Is(err, ErrAway) || errors.Is(err, ErrFull) {
		return fault.Away(fault.Refused, err)
	}
	return err
}

// number encodes n as a key that sorts by value.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// numbered decodes a key made by number. It accepts keys of any length, which a damaged state may have; reading the
// entry reports the damage.
func numbered(key []byte) uint64 {
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

func has(tx txn, bucket string, key []byte) (bool, error) {
	raw, err := tx.Bucket(bucket).Get(key)
	return raw != nil, err
}

func get(tx txn, bucket string, key []byte, v any) (bool, error) {
	raw, err := tx.Bucket(bucket).Get(key)
	if err != nil || raw == nil {
		return false, err
	}
	if err := decode(raw, v); err != nil {
		return false, unreadable(bucket, key, err)
	}
	return true, nil
}

// decoding reads like encoding/json, except that it ends at the first mistake. encoding/json checks the whole entry
// before it reads any of it, so each text would be read twice.
var decoding = json.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv1.ReportErrorsWithLegacySemantics(false))

// decode reads an entry. After an error v holds what comes before the mistake.
func decode(raw []byte, v any) error {
	if e, ok := v.(*desk.Effect); ok {
		return decodeEffect(raw, e)
	}
	return json.Unmarshal(raw, v, decoding)
}

// decodeEffect reads an effect as encodeEffect or a version before layout 4 wrote it: those wrote the text as JSON.
func decodeEffect(raw []byte, e *desk.Effect) error {
	head, text, _ := bytes.Cut(raw, []byte("\n")) // JSON has no line breaks of its own
	err := json.Unmarshal(head, e, decoding)
	if err == nil && len(text) > 0 && e.Post != nil {
		e.Post.Text = string(text)
	}
	return err
}

// encode returns an entry as decode reads it.
func encode(v any) ([]byte, error) {
	switch e := v.(type) {
	case desk.Effect:
		return encodeEffect(e)
	case *desk.Effect:
		return encodeEffect(*e)
	}
	return jsonv1.Marshal(v)
}

// encodeEffect returns an effect as JSON, followed by a line break and the text of its post as it is. Texts are long,
// and most of an effect's life is reading and writing them.
func encodeEffect(e desk.Effect) ([]byte, error) {
	if e.Post == nil || e.Post.Text == "" {
		return jsonv1.Marshal(e)
	}
	post := *e.Post
	text := post.Text
	e.Post, post.Text = &post, ""
	head, err := jsonv1.Marshal(e)
	return slices.Concat(head, []byte("\n"), []byte(strings.ToValidUTF8(text, "\uFFFD"))), err
}

// unreadable returns the error for an entry that cannot be decoded, with advice.
func unreadable(bucket string, key []byte, err error) error {
	return brokenEntry{fmt.Errorf("read state %s/%x: this entry is damaged: restore a copy made by "+
		"'helpdesk state backup' (%w)", bucket, key, err)}
}

// brokenEntry is an error about an entry that is an ErrBroken, too.
type brokenEntry struct{ error }

func (b brokenEntry) Is(target error) bool { return target == ErrBroken }
func (b brokenEntry) Unwrap() error        { return b.error }

func put(tx txn, bucket string, key []byte, v any) error {
	raw, err := encode(v)
	if err == nil {
		err = tx.Bucket(bucket).Put(key, raw)
	}
	if err != nil {
		return fmt.Errorf("write state %s/%x: %w", bucket, short(key), err)
	}
	return nil
}

// each calls fn with every value of the bucket, ordered by key, until fn returns an error. It returns that error unless
// it is engine.ErrStop.
func each[T any](tx txn, bucket string, fn func(key []byte, v T) error) error {
	return eachFrom(tx, bucket, nil, fn)
}

// eachFrom is like each, starting from a key.
func eachFrom[T any](tx txn, bucket string, from []byte, fn func(key []byte, v T) error) error {
	return tx.Bucket(bucket).Walk(from, func(key, raw []byte) error {
		var v T
		if err := decode(raw, &v); err != nil {
			return unreadable(bucket, key, err)
		}
		return fn(key, v)
	})
}
