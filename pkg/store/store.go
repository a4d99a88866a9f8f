// Package store keeps the state in one bbolt file: what was read and decided, the tickets, the outbox, the directory
// and the exclusions.
//
// Exported methods open the transaction, helpers take it. Entries are JSON that a person can read; numbers in keys are
// big-endian. Nothing here talks to a server, and nothing decides: the caller brings the decision as a function that is
// called inside the transaction which records it. bbolt's lock on the file is the lock of the run.
package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	json "github.com/go-json-experiment/json/v1"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"helpdesk/pkg/desk"
)

// Schema is the version of the state's layout that this program writes.
const Schema = 2

// Errors a caller branches on.
var (
	ErrLocked  = errors.New("the state is in use by another run")
	ErrNewer   = errors.New("the state was written by a newer version")
	ErrBroken  = errors.New("the state file is damaged")
	ErrMissing = errors.New("there is no state")
	ErrAbsent  = errors.New("no such entry")
)

// The buckets.
var (
	bMeta       = []byte("meta")       // schema, secret, instance
	bSeen       = []byte("seen")       // place → seen
	bMessages   = []byte("messages")   // message key → desk.Record
	bTickets    = []byte("tickets")    // number → desk.Ticket
	bTexts      = []byte("texts")      // ticket number → when its latest letter came, and the text of that
	bTasks      = []byte("tasks")      // task → ticket number
	bThreads    = []byte("threads")    // Message-ID → desk.Link
	bSubjects   = []byte("subjects")   // address NUL subject → ticket numbers, newest first
	bReplies    = []byte("replies")    // address or @domain → times of auto-replies
	bJournal    = []byte("journal")    // ticket, sequence → desk.Step
	bOutbox     = []byte("outbox")     // sequence → entry
	bEffects    = []byte("effects")    // sequence of the outbox → desk.Effect
	bPoison     = []byte("quarantine") // sequence → desk.Poison
	bRaw        = []byte("raw")        // sequence of the quarantine → the message's bytes
	bAttempts   = []byte("attempts")   // place → attempt
	bContacts   = []byte("contacts")   // address → desk.Profile, our directory
	bProfiles   = []byte("profiles")   // source NUL address → profile, what another directory said
	bExclusions = []byte("exclusions") // pattern → desk.Exclusion
	bHits       = []byte("hits")       // pattern → desk.Exclusion, with nothing but its hits
	bReturned   = []byte("returned")   // address → why its mail comes back
	bPictures   = []byte("pictures")   // address NUL hash → picture
	bCursors    = []byte("cursors")    // portal → desk.Reading; prune → position
	bCache      = []byte("cache")      // name → cached
	buckets     = [][]byte{bMeta, bSeen, bMessages, bTickets, bTexts, bTasks, bThreads, bSubjects, bReplies, bJournal, bOutbox, bEffects,
		bPoison, bRaw, bAttempts, bContacts, bProfiles, bExclusions, bHits, bReturned, bPictures, bCursors, bCache}
)

// Store is the open state. Its parts are what callers work with, each for what it knows; all share one lock.
type Store struct {
	*state
	Ledger     Ledger
	Outbox     Outbox
	Tickets    Tickets
	People     People
	Quarantine Quarantine
}

// The parts of the state.
type (
	Ledger     struct{ *state } // what was read, and what was decided
	Outbox     struct{ *state } // effects not yet made
	Tickets    struct{ *state } // our tickets, and how far the portal was read
	People     struct{ *state } // names by addresses, and who gets no letters
	Quarantine struct{ *state } // what could not be processed
)

// state is the open file.
type state struct {
	db      *bolt.DB
	overlay *bolt.Tx // set: everything happens in it, and nothing is kept
	remove  string   // a file made for the overlay alone
	signer  desk.Signer
	id      string
	path    string

	mu     sync.Mutex
	marked []desk.Place // noted with the next transaction
	broken error        // what was found damaged; nothing is done after that
}

// Options say how to open the state.
type Options struct {
	Wait    time.Duration // how long to wait for another run to end; 0 = try once
	Overlay bool          // nothing is kept: changes are seen until Close, and the file stays as it is
	Made    bool          // one that is missing is not made: ErrMissing
}

// lookAgain is how often it is tried whether another run has ended.
const lookAgain = 50 * time.Millisecond

// Open is OpenContext for those who are not interrupted.
func Open(path string, o Options) (*Store, error) {
	return OpenContext(context.Background(), path, o)
}

// OpenContext opens the state file, makes it where it is missing, and brings an older one up to date. The context ends the
// waiting for another run: its deadline like Wait, with ErrLocked, an interruption with the context's error.
func OpenContext(ctx context.Context, path string, o Options) (*Store, error) {
	s := &state{}
	switch none := (o.Overlay || o.Made) && missing(path); {
	case none && o.Made:
		return nil, fmt.Errorf("open state %s: %w", path, ErrMissing)
	case none:
		dir, err := os.MkdirTemp("", "helpdesk-")
		if err != nil {
			return nil, fmt.Errorf("open state: %w", err)
		}
		s.remove, path = dir, filepath.Join(dir, "state.db")
	}
	s.path = path
	if err := s.guard(func() error { return s.open(ctx, path, o) }); err != nil {
		_ = s.end()
		return nil, err
	}
	return &Store{s, Ledger{s}, Outbox{s}, Tickets{s}, People{s}, Quarantine{s}}, nil
}

// missing says whether there is no state yet: no file, or one with nothing in it.
func missing(path string) bool {
	info, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0
}

func (s *state) open(ctx context.Context, path string, o Options) (err error) {
	if err = s.waitFile(ctx, path, o.Wait); err != nil {
		return err
	}
	if o.Overlay {
		if s.overlay, err = s.db.Begin(true); err != nil {
			return fmt.Errorf("open state: %w", err)
		}
	}
	ready, old := false, uint64(0)
	if err := s.view(func(tx *bolt.Tx) error { ready, old, err = s.load(tx, path); return err }); err != nil || ready {
		return err
	}
	if old != 0 && !o.Overlay {
		if err := s.backup(fmt.Sprintf("%s.v%d", path, old)); err != nil {
			return fmt.Errorf("migrate state: %w", err)
		}
	}
	return s.update(func(tx *bolt.Tx) error { return s.prepare(tx, old) })
}

// waitFile opens the file, again while another run holds it, as long as that may be waited for.
func (s *state) waitFile(ctx context.Context, path string, wait time.Duration) error {
	enough := time.After(wait)
	for {
		err := s.openFile(path)
		if wait <= 0 || !errors.Is(err, ErrLocked) {
			return err
		}
		select {
		case <-enough:
			return err
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				err = fmt.Errorf("open state %s: %w", path, ctx.Err())
			}
			return err
		case <-time.After(lookAgain):
		}
	}
}

func (s *state) openFile(path string) (err error) {
	before, _ := os.Stat(path)
	s.db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Nanosecond, FreelistType: bolt.FreelistMapType}) // 0 waits for ever
	if after, _ := os.Stat(path); err == nil && before != nil && !os.SameFile(before, after) {
		// Meanwhile a compaction put another file in its place: ours is the one left behind.
		_ = s.db.Close()
		return s.openFile(path)
	}
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("open state %s: %w", path, ErrLocked)
	case noState(err):
		return broken(path, nil)
	case err != nil:
		return fmt.Errorf("open state: %w", err)
	}
	return whole(s.db, path)
}

// whole says whether the file is as long as what is kept in it: one that was cut off is told now, not by a fault later.
func whole(db *bolt.DB, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("open state: %w", err)
	}
	return db.View(func(tx *bolt.Tx) error {
		if tx.Size() > info.Size() {
			return broken(path, fmt.Sprintf("%d bytes, %d wanted", info.Size(), tx.Size()))
		}
		return nil
	})
}

// load reads what the state says of itself. It is not ready when something must be made first; old is its layout then,
// 0 of a new file.
func (s *state) load(tx *bolt.Tx, path string) (ready bool, old uint64, err error) {
	meta := tx.Bucket(bMeta)
	if meta == nil || meta.Get([]byte("schema")) == nil {
		return false, 0, nil
	}
	v := binary.BigEndian.Uint64(meta.Get([]byte("schema")))
	if v > Schema {
		return false, v, fmt.Errorf("open state %s: %w (layout %d, this program knows %d): use that version", path, ErrNewer, v, Schema)
	}
	for _, name := range buckets {
		if v < Schema || tx.Bucket(name) == nil {
			return false, v, nil
		}
	}
	s.signer = desk.Signer{Secret: append([]byte(nil), meta.Get([]byte("secret"))...)}
	s.id = string(meta.Get([]byte("instance")))
	return true, v, nil
}

// migrations bring a state from the layout of their number to the next; what is only missing needs none.
var migrations = map[uint64]func(*bolt.Tx) error{}

func (s *state) prepare(tx *bolt.Tx, old uint64) error {
	for v := max(old, 1); v < Schema; v++ {
		if step := migrations[v]; step != nil {
			if err := step(tx); err != nil {
				return fmt.Errorf("migrate state from layout %d: %w", v, err)
			}
		}
	}
	for _, name := range buckets {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return fmt.Errorf("prepare state: %w", err)
		}
	}
	meta := tx.Bucket(bMeta)
	if meta.Get([]byte("secret")) == nil {
		secret := make([]byte, 40)
		_, _ = rand.Read(secret) // never fails, by its documentation
		for name, value := range map[string][]byte{"secret": secret[:32], "instance": []byte(hex.EncodeToString(secret[32:]))} {
			if err := meta.Put([]byte(name), value); err != nil {
				return fmt.Errorf("prepare state: %w", err)
			}
		}
	}
	if err := meta.Put([]byte("schema"), number(Schema)); err != nil {
		return fmt.Errorf("prepare state: %w", err)
	}
	_, _, err := s.load(tx, "")
	return err
}

// Close lets go of the file. What was done in an overlay is forgotten.
func (s *Store) Close() error { return s.end() }

func (s *state) end() error {
	errs := []error{s.settle(), s.guard(s.close)}
	if s.broken != nil { // whoever found it has said so; bbolt might wait for itself now, so the end of the process lets go
		errs = nil
	}
	if s.remove != "" {
		errs = append(errs, os.RemoveAll(s.remove))
	}
	return errors.Join(errs...)
}

func (s *state) close() error {
	var errs []error
	if s.overlay != nil {
		errs = append(errs, s.overlay.Rollback())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}

// Signer returns what our ids are signed with.
func (s *Store) Signer() desk.Signer { return s.signer }

// Instance returns the value of our loop header.
func (s *Store) Instance() string { return s.id }

func (s *state) update(fn func(*bolt.Tx) error) error {
	if s.overlay != nil {
		return s.guard(func() error { return fn(s.overlay) })
	}
	s.mu.Lock()
	marks := s.marked
	s.marked = nil
	s.mu.Unlock()
	err := s.guard(func() error {
		return s.db.Update(func(tx *bolt.Tx) error {
			if err := mark(tx, marks); err != nil {
				return err
			}
			return fn(tx)
		})
	})
	if err != nil {
		s.mark(marks)
	}
	return err
}

// settle brings into the file what waits for a transaction to go with.
func (s *state) settle() error {
	s.mu.Lock()
	waiting := len(s.marked)
	s.mu.Unlock()
	if waiting == 0 {
		return nil
	}
	return s.update(func(*bolt.Tx) error { return nil })
}

func (s *state) view(fn func(*bolt.Tx) error) error {
	return s.guard(func() error {
		if s.overlay != nil {
			return fn(s.overlay)
		}
		return s.db.View(fn)
	})
}

// number returns n as a key that sorts by its value.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func get(tx *bolt.Tx, bucket, key []byte, v any) (bool, error) {
	raw := tx.Bucket(bucket).Get(key)
	if raw == nil {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return false, fmt.Errorf("read state %s/%x: %w", bucket, key, err)
	}
	return true, nil
}

func put(tx *bolt.Tx, bucket, key []byte, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write state %s/%x: %w", bucket, key, err)
	}
	if err := tx.Bucket(bucket).Put(key, raw); err != nil {
		return fmt.Errorf("write state %s/%x: %w", bucket, key, err)
	}
	return nil
}

// each calls fn with every value of the bucket, in the order of the keys.
func each[T any](tx *bolt.Tx, bucket []byte, fn func(key []byte, v T) error) error {
	return tx.Bucket(bucket).ForEach(func(key, raw []byte) error {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return fmt.Errorf("read state %s/%x: %w", bucket, key, err)
		}
		return fn(key, v)
	})
}
