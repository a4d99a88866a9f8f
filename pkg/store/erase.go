package store

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// Prefixes of thread keys that are not Message-IDs: ours is for our own letters, hidden is for letters of which only a
// hash is kept.
var (
	ours   = []byte("hd.")
	hidden = []byte("\x00erased ")
)

// hide returns the key that replaces an erased Message-ID: a hash keyed with this state's secret.
func (s *state) hide(id []byte) []byte { return hide(s.signer.Secret, id) }

func hide(secret, id []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("erased thread\x00"))
	h.Write(id)
	return append(bytes.Clone(hidden), hex.EncodeToString(h.Sum(nil)[:16])...)
}

// Erase removes the data of a person in one transaction, and returns what it removed. Pending effects of their messages
// are dropped. Message keys stay, and Message-IDs of threads stay as hashes, so that messages are still recognized.
func (s Persons) Erase(now time.Time, address string) (t *Trail, err error) {
	err = s.update(func(tx txn) error {
		p, err := acquaint(tx, address)
		if err != nil {
			return err
		}
		if t, err = p.trail(tx); err != nil {
			return err
		}
		return s.erase(tx, now, p, t)
	})
	if err != nil {
		return nil, fmt.Errorf("erase %s: %w", address, err)
	}
	return t, nil
}

// erase removes the records listed in a trail.
func (s Persons) erase(tx txn, now time.Time, p *person, t *Trail) error {
	for _, seq := range slices.Sorted(maps.Keys(p.entries)) {
		e, err := peek(tx, seq)
		if err == nil {
			err = discard(tx, now, e, "the data of its person was removed")
		}
		if err != nil {
			return err
		}
	}
	for _, f := range t.Records {
		if err := s.remove(tx, now, p, f); err != nil {
			return err
		}
	}
	return nil
}

// remove removes the person from an entry, or deletes the entry.
func (s Persons) remove(tx txn, now time.Time, p *person, f Found) error {
	raw, err := tx.Bucket(f.bucket).Get(f.key)
	if err != nil || raw == nil {
		return err
	}
	tx.edits.unknown = tx.edits.unknown || f.bucket == bOutbox
	if f.claim == whose {
		return s.removeWhole(tx, f, bytes.Clone(raw))
	}
	switch f.bucket {
	case bTexts:
		return tx.Bucket(bTexts).Put(f.key, []byte(p.cut(string(raw))))
	case bCache:
		return p.recache(tx, f.key, raw)
	}
	v := racks[f.bucket].record(f.key)
	if err := decode(raw, v); err != nil {
		return unreadable(f.bucket, f.key, err)
	}
	p.scrub(reflect.ValueOf(v).Elem(), f.claim)
	switch v := v.(type) {
	case *desk.Ticket:
		if f.claim == theirs {
			v.Requester, v.ReplyTo, v.Erased = desk.Address{}, desk.Address{}, now
		}
	case *desk.Step: // the step is no longer compared with the task, which people clean by hand
		if f.claim == theirs {
			v.Letters = 0
		}
	}
	return put(tx, f.bucket, f.key, v)
}

// removeWhole deletes an entry that belongs to the person as a whole.
func (s Persons) removeWhole(tx txn, f Found, raw []byte) error {
	switch f.bucket {
	case bThreads:
		if err := tx.Bucket(bThreads).Put(s.hide(f.key), raw); err != nil {
			return err
		}
	case bQuarantine:
		return releaseEntry(tx, f.Number)
	case bRaw:
		return unshelve(tx, f.Number)
	case bUnseen:
		return forgetUnseen(tx, f.key)
	}
	return tx.Bucket(f.bucket).Delete(f.key)
}

// unshelve removes the bytes of a message from the quarantine and keeps the entry.
func unshelve(tx txn, seq uint64) error {
	var q desk.Quarantined
	if ok, err := get(tx, bQuarantine, number(seq), &q); err != nil || !ok || !q.Whole {
		return err
	}
	sh, err := shelved(tx)
	if err != nil {
		return err
	}
	sh.Bytes, q.Whole = max(0, sh.Bytes-q.Size), false
	if err := put(tx, bMeta, kShelf, sh); err != nil {
		return err
	}
	if err := put(tx, bQuarantine, number(seq), q); err != nil {
		return err
	}
	return tx.Bucket(bRaw).Delete(number(seq))
}

// recache cuts the person out of a cached value. A value that is not JSON is deleted.
func (p *person) recache(tx txn, key, raw []byte) error {
	var c cached
	if err := decode(raw, &c); err != nil {
		return err
	}
	value, _, err := p.cutJSON(c.Value)
	if err != nil {
		return tx.Bucket(bCache).Delete(key)
	}
	c.Value = value
	return put(tx, bCache, key, c)
}

// CutJSON returns a JSON value without the person's addresses and names, and whether it contained any.
func (t *Trail) CutJSON(raw []byte) ([]byte, bool, error) {
	return newTraces(t.Addresses, t.Names).cutJSON(raw)
}

// scrub removes the person from a value as fieldsOf prescribes, and reports whether something was removed.
func (p *person) scrub(v reflect.Value, c claim) (changed bool) {
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && p.scrub(v.Elem(), c)
	case reflect.Slice:
		if list, ok := v.Interface().([]desk.Address); ok {
			left := slices.DeleteFunc(slices.Clone(list), func(a desk.Address) bool {
				return p.is(a.Addr) || p.aged && c == theirs
			})
			v.Set(reflect.ValueOf(left))
			return len(left) < len(list)
		}
		for i := range v.Len() {
			changed = p.scrub(v.Index(i), c) || changed
		}
		return changed
	case reflect.Struct:
	default:
		return false
	}
	if a, ok := v.Interface().(desk.Address); ok {
		mine := p.is(a.Addr) || p.aged && c == theirs && a != (desk.Address{})
		if mine {
			v.SetZero()
		}
		return mine
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		return false
	}
	fields := fieldsOf[v.Type()]
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		what, listed := fields[v.Type().Field(i).Name]
		if !listed {
			changed = p.scrub(v.Field(i), c) || changed
			continue
		}
		changed = p.scrubField(v.Field(i), what, c) || changed
	}
	return changed
}

// scrubField removes the person from a field that contains the given kind of data.
func (p *person) scrubField(v reflect.Value, what holds, c claim) bool {
	var gone func(s string) bool
	switch what {
	case address:
		gone = func(s string) bool { return p.is(s) || p.aged && c == theirs }
	case ids:
		gone = func(s string) bool { return c == theirs || p.ids[s] || p.in(s) }
	case words:
		gone = func(string) bool { return c == theirs }
	default:
		return false
	}
	switch at := v.Addr().Interface().(type) {
	case *string:
		now := *at
		if gone(now) {
			now = ""
		} else if what == words {
			now = p.cut(now)
		}
		changed := now != *at
		*at = now
		return changed
	case *[]string:
		now := slices.DeleteFunc(slices.Clone(*at), gone)
		for i := range now {
			if what == words {
				now[i] = p.cut(now[i])
			}
		}
		changed := !slices.Equal(now, *at)
		*at = now
		return changed
	}
	return false
}
