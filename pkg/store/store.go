// Package store keeps the state: what was read and decided, the tickets, the outbox, the directory and the exclusions.
//
// Exported methods open the transaction, helpers take it. Entries are JSON that a person can read; numbers in keys are
// big-endian. Nothing here talks to a mail server or the portal, and nothing decides: the caller brings the decision as
// a function that is called inside the transaction which records it. Where the bytes lie is an engine's matter; its
// lock is the lock of the run.
package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/bolt"
	"helpdesk/pkg/store/engine"
	"helpdesk/pkg/store/postgres"
)

// Schema is the version of the state's layout that this program writes.
const Schema = 3

// Errors a caller branches on.
var (
	ErrLocked  = engine.ErrLocked
	ErrBroken  = engine.ErrBroken
	ErrMissing = engine.ErrMissing
	ErrAway    = engine.ErrAway
	ErrSetup   = engine.ErrSetup
	ErrMoved   = engine.ErrMoved
	ErrFull    = engine.ErrFull
	ErrPlace   = engine.ErrPlace
	ErrNewer   = errors.New("the state was written by a newer version")
	ErrAbsent  = errors.New("no such entry")
)

// The buckets.
const (
	bMeta       = "meta"       // schema, secret, instance
	bSeen       = "seen"       // place → seen
	bMessages   = "messages"   // message key → desk.Record
	bTickets    = "tickets"    // number → desk.Ticket
	bTexts      = "texts"      // ticket number → when its latest letter came, and the text of that
	bTasks      = "tasks"      // task → ticket number
	bThreads    = "threads"    // Message-ID → desk.Link
	bSubjects   = "subjects"   // address NUL subject → ticket numbers, newest first
	bReplies    = "replies"    // address or @domain → times of auto-replies
	bJournal    = "journal"    // ticket, sequence → desk.Step
	bOutbox     = "outbox"     // sequence → entry
	bEffects    = "effects"    // sequence of the outbox → desk.Effect
	bQuarantine = "quarantine" // sequence → desk.Quarantined
	bRaw        = "raw"        // sequence of the quarantine → the message's bytes
	bAttempts   = "attempts"   // place → attempt
	bContacts   = "contacts"   // address → desk.Profile, our directory
	bProfiles   = "profiles"   // source NUL address → profile, what another directory said
	bExclusions = "exclusions" // pattern → desk.Exclusion
	bHits       = "hits"       // pattern → desk.Exclusion, with nothing but its hits
	bReturned   = "returned"   // address → why its mail comes back
	bPictures   = "pictures"   // address NUL hash → picture
	bUnseen     = "unseen"     // key of an effect → desk.Unconfirmed
	bCopies     = "copies"     // sequence → desk.Copy
	bSent       = "sent"       // the same sequence → the letter's bytes
	bAccepted   = "accepted"   // id of a difference → desk.Accepted
	// portal → desk.Reading; prune → position; taken NUL mailbox → when its relay last took a letter
	bCursors = "cursors"
	bCache   = "cache"  // name → cached
	bTokens  = "tokens" // mailbox → what lets us into it, a secret
)

// buckets are all of them.
var buckets = []string{bMeta, bSeen, bMessages, bTickets, bTexts, bTasks, bThreads, bSubjects, bReplies, bJournal,
	bOutbox, bEffects,
	bUnseen, bQuarantine, bRaw, bAttempts, bContacts, bProfiles, bExclusions, bHits, bReturned, bPictures, bAccepted,
	bCopies, bSent,
	bCursors, bCache, bTokens}

// Store is the open state. Its parts are what callers work with, each for what it knows; all share one lock.
type Store struct {
	*state
	Ledger     Ledger
	Outbox     Outbox
	Tickets    Tickets
	People     People
	Quarantine Quarantine
	Tokens     Tokens
	Copies     Copies
	Persons    Persons
}

// The parts of the state.
type (
	Ledger     struct{ *state } // what was read, and what was decided
	Outbox     struct{ *state } // effects not yet made
	Tickets    struct{ *state } // our tickets, and how far the portal was read
	People     struct{ *state } // names by addresses, and who gets no letters
	Quarantine struct{ *state } // what could not be processed
	Tokens     struct{ *state } // what lets us into mailboxes
	Copies     struct{ *state } // letters that went out and of which a copy is due
)

// state is what the parts share.
type state struct {
	db     engine.DB
	near   bool // a file
	trial  bool // a dry run's: nothing stays
	signer desk.Signer
	id     string
	line   string    // the server's history the state was last written in
	copied time.Time // when this copy was made, none = it is no copy, or has been worked with since
	doubt  Doubt     // the latest
	clock  func() time.Time

	entries entries // of the outbox, read before

	mu     sync.Mutex
	marked []desk.Place // noted with the next transaction
}

// Options say how to open the state.
type Options = engine.Options

// Kept is what a run that opens the state more than once keeps in between; it closes it at its end.
type Kept = engine.Kept

// Held is the error of a state that another run works with, where that is known.
type Held = engine.Held

// Open is OpenContext for those who are not interrupted.
func Open(address string, o Options) (*Store, error) {
	return OpenContext(context.Background(), address, o)
}

// OpenContext opens the state, makes it where it is missing, and brings an older one up to date. The context ends the
// waiting for another run: its deadline like Wait, with ErrLocked, an interruption with the context's error.
func OpenContext(ctx context.Context, address string, o Options) (*Store, error) {
	s, err := openState(ctx, address, o)
	if errors.Is(err, engine.ErrGlance) { // it must be made, brought up to date, or is an older copy
		o.Glance = false
		s, err = openState(ctx, address, o)
	}
	return s, err
}

func openState(ctx context.Context, address string, o Options) (*Store, error) {
	db, err := openEngine(ctx, address, o)
	if err != nil {
		return nil, err
	}
	s := &state{db: db, clock: o.Now, near: db.About().Line == "", trial: o.Overlay}
	if s.clock == nil {
		s.clock = time.Now
	}
	begun, err := s.ready(o)
	if err == nil {
		err = s.compare(o, begun)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{s, Ledger{s}, Outbox{s}, Tickets{s}, People{s}, Quarantine{s}, Tokens{s}, Copies{s}, Persons{s}}, nil
}

func openEngine(ctx context.Context, address string, o Options) (engine.DB, error) {
	if postgres.Is(address) {
		db, err := postgres.Open(ctx, address, o)
		if err != nil {
			return nil, err // a nil one would be no nil interface
		}
		return db, nil
	}
	db, err := bolt.Open(ctx, address, o)
	if err != nil {
		return nil, err
	}
	return db, nil
}

// ready reads what the state says of itself, and makes or migrates it first where it must. It says whether it was made.
func (s *state) ready(o Options) (begun bool, err error) {
	var was uint64
	if err := s.view(func(tx txn) error { was, err = s.load(tx); return err }); err != nil || was == Schema {
		return false, err
	}
	if was != 0 && !o.Overlay && !o.Glance {
		if err := s.keepOld(was); err != nil {
			return false, fmt.Errorf("migrate state: %w", err)
		}
	}
	return was == 0, s.update(func(tx txn) error { return s.prepare(tx, was) })
}

// keepOld keeps a copy of a state before it is migrated. A server has copies of its own.
func (s *state) keepOld(was uint64) error {
	if f, ok := s.db.(*bolt.DB); ok {
		return s.backup(fmt.Sprintf("%s.v%d", f.About().Name, was))
	}
	return nil
}

// load reads what the state says of itself, and returns its layout, 0 of a new one.
func (s *state) load(tx txn) (uint64, error) {
	meta := tx.Bucket(bMeta)
	meta.Ahead([]byte("schema"), []byte("secret"), []byte("instance"), []byte("line"), []byte("doubt"), kBackup,
		kMoved, kCopying)
	if err := elsewhere(meta, s.db.About().Name); err != nil {
		return 0, err
	}
	raw, err := meta.Get([]byte("schema"))
	if err != nil || raw == nil {
		return 0, err
	}
	v := numbered(raw)
	if v > Schema {
		return v, fmt.Errorf("open state %s: %w (layout %d, this program knows %d): use that version",
			s.db.About().Name, ErrNewer, v, Schema)
	}
	secret, err := meta.Get([]byte("secret"))
	if err != nil {
		return v, err
	}
	id, err := meta.Get([]byte("instance"))
	if err != nil {
		return v, err
	}
	s.signer, s.id = desk.Signer{Secret: append([]byte(nil), secret...)}, string(id)
	line, err := meta.Get([]byte("line"))
	if err != nil {
		return v, err
	}
	s.line = string(line)
	return v, s.readDoubt(meta)
}

// elsewhere says why a state is not to be used.
func elsewhere(meta engine.Bucket, name string) error {
	moved, err := meta.Get(kMoved)
	if err != nil {
		return err
	}
	if moved != nil {
		return fmt.Errorf("open state %s: %w to %s: name that in the configuration", name, ErrMoved, moved)
	}
	unfinished, err := meta.Get(kCopying)
	if unfinished != nil {
		return fmt.Errorf("open state %s: %w: 'helpdesk state copy' has not ended there: run it again", name, ErrSetup)
	}
	return err
}

// migrations bring a state from the layout of their number to the next; what is only missing needs none.
var migrations = map[uint64]func(txn) error{2: shorten}

func (s *state) prepare(tx txn, was uint64) error {
	for v := was; v > 0 && v < Schema; v++ {
		if step := migrations[v]; step != nil {
			if err := step(tx); err != nil {
				return fmt.Errorf("migrate state from layout %d: %w", v, err)
			}
		}
	}
	meta := tx.Bucket(bMeta)
	secret, err := meta.Get([]byte("secret"))
	if err == nil && secret == nil {
		err = christen(meta)
	}
	if err == nil {
		err = meta.Put([]byte("schema"), number(Schema))
	}
	if err != nil {
		return fmt.Errorf("prepare state: %w", err)
	}
	_, err = s.load(tx)
	return err
}

// christen gives a new state the secret our ids are signed with, and the value of our loop header.
func christen(meta engine.Bucket) error {
	secret := make([]byte, 40)
	_, _ = rand.Read(secret) // never fails, by its documentation
	return errors.Join(meta.Put([]byte("secret"), secret[:32]),
		meta.Put([]byte("instance"), []byte(hex.EncodeToString(secret[32:]))))
}

// Close lets others have the state. What was done in an overlay is forgotten.
func (s *Store) Close() error { return errors.Join(s.settle(), s.db.Close()) }

// Still returns an error where another run may have taken the state meanwhile, because this machine stood still or was
// cut off. It costs a question at most where nothing was asked just now.
func (s *Store) Still() error { return s.db.Still() }

// Now returns the time by the clock that all hosts of the state go by, that of the database's server, for a time of
// this machine's.
func (s *Store) Now(here time.Time) time.Time { return here.Add(s.db.About().Skew) }

// now is the time by that clock.
func (s *state) now() time.Time { return s.clock().Add(s.db.About().Skew) }

// Signer returns what our ids are signed with.
func (s *Store) Signer() desk.Signer { return s.signer }

// Instance returns the value of our loop header.
func (s *Store) Instance() string { return s.id }
