// Package store keeps the state of the program: the messages read, the decisions, the tickets, the outbox, the
// directory and the exclusions. It makes no decisions and does not talk to a mail server or the portal: the caller
// passes a decision as a function, which is called inside the transaction that records it.
//
// Exported methods open a transaction, and helpers get it as an argument. Entries are readable JSON; numbers in keys
// are big-endian. An engine stores the bytes, and its lock is the lock of the run.
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
const Schema = 4

// farthest is a layout that no later version reaches: a higher number is damage.
const farthest = 1000

// Errors that callers distinguish.
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
	bTexts      = "texts"      // ticket number → time and text of its latest letter
	bTasks      = "tasks"      // task → ticket number
	bThreads    = "threads"    // Message-ID → desk.Link
	bSubjects   = "subjects"   // address NUL subject → ticket numbers, newest first
	bReplies    = "replies"    // address or @domain → times of auto-replies; see also arrived and hourly
	bJournal    = "journal"    // ticket, sequence → desk.Step
	bOutbox     = "outbox"     // sequence → entry
	bEffects    = "effects"    // sequence of the outbox → desk.Effect
	bQuarantine = "quarantine" // sequence → desk.Quarantined
	bRaw        = "raw"        // sequence of the quarantine → the message's bytes
	bAttempts   = "attempts"   // place → attempt
	bContacts   = "contacts"   // address → desk.Profile, our directory
	bProfiles   = "profiles"   // source NUL address → profile, what another directory said
	bExclusions = "exclusions" // pattern → desk.Exclusion
	bHits       = "hits"       // pattern → desk.Exclusion with only its hits
	bReturned   = "returned"   // address → since when its mail bounces
	bPictures   = "pictures"   // address NUL hash → picture
	bUnseen     = "unseen"     // key of an effect → desk.Unconfirmed, whose text is in effects
	bCopies     = "copies"     // sequence → desk.Copy
	bSent       = "sent"       // sequence of the copies → the letter's bytes
	bAccepted   = "accepted"   // id of a difference → desk.Accepted
	// portal → desk.Reading; prune → position; taken NUL mailbox → when its relay last accepted a letter
	bCursors = "cursors"
	bCache   = "cache"  // name → cached
	bTokens  = "tokens" // mailbox → token for logging in, a secret
)

// buckets lists all buckets.
var buckets = []string{bMeta, bSeen, bMessages, bTickets, bTexts, bTasks, bThreads, bSubjects, bReplies, bJournal,
	bOutbox, bEffects,
	bUnseen, bQuarantine, bRaw, bAttempts, bContacts, bProfiles, bExclusions, bHits, bReturned, bPictures, bAccepted,
	bCopies, bSent,
	bCursors, bCache, bTokens}

// Store is the open state. Callers use its parts, each for one subject. All parts share one lock.
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
	Ledger     struct{ *state } // messages read, and decisions
	Outbox     struct{ *state } // pending effects
	Tickets    struct{ *state } // our tickets, and how far the portal was read
	People     struct{ *state } // names by address, and exclusions
	Quarantine struct{ *state } // messages that could not be processed
	Tokens     struct{ *state } // tokens for logging in to mailboxes
	Copies     struct{ *state } // sent letters whose copy is not in the mailbox yet
)

// state is shared by the parts.
type state struct {
	db     engine.DB
	near   bool // the engine is a file
	trial  bool // a dry run: nothing is kept
	signer desk.Signer
	id     string
	line   string    // the server's history in which the state was last written
	copied time.Time // when this copy was made by Backup; zero if it is not a copy or has been used since
	doubt  Doubt     // the latest doubt
	clock  func() time.Time

	entries entries // cache of the outbox

	mu     sync.Mutex
	marked []desk.Place // to be recorded with the next transaction
}

// Options specify how to open the state.
type Options = engine.Options

// Kept keeps the connection of a run that opens the state more than once. The run closes it at its end.
type Kept = engine.Kept

// Held is the error for a state that another run has locked, with what is known about that run.
type Held = engine.Held

// Open is OpenContext without a context.
func Open(address string, o Options) (*Store, error) {
	return OpenContext(context.Background(), address, o)
}

// OpenContext opens the state, creates it if it is missing, and migrates one with an older layout. While another run
// has the state, OpenContext waits up to Options.Wait and then returns ErrLocked. If the context ends earlier, its
// deadline also gives ErrLocked, and its cancellation gives the context's error.
func OpenContext(ctx context.Context, address string, o Options) (*Store, error) {
	s, err := openState(ctx, address, o)
	if errors.Is(err, engine.ErrGlance) { // it must be created, migrated or marked as an older copy
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
			return nil, err // a nil pointer would make a non-nil interface
		}
		return db, nil
	}
	db, err := bolt.Open(ctx, address, o)
	if err != nil {
		return nil, err
	}
	return db, nil
}

// ready loads the state's settings, and creates or migrates the state if needed. It reports whether the state was
// created.
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

// keepOld makes a copy of a file before it is migrated. Databases are backed up by their server.
func (s *state) keepOld(was uint64) error {
	if f, ok := s.db.(*bolt.DB); ok {
		return s.backup(fmt.Sprintf("%s.v%d", f.About().Name, was))
	}
	return nil
}

// load reads the state's settings and returns the version of its layout, 0 for a new state.
func (s *state) load(tx txn) (uint64, error) {
	for _, name := range []string{bMeta, bCache, bQuarantine, bOutbox, bUnseen} { // what every pass reads
		tx.Bucket(name).Ahead()
	}
	meta := tx.Bucket(bMeta)
	if err := elsewhere(meta, s.db.About().Name); err != nil {
		return 0, err
	}
	raw, err := meta.Get([]byte("schema"))
	if err != nil || raw == nil {
		return 0, err
	}
	v := numbered(raw)
	if v > farthest || len(raw) != 8 {
		return v, fmt.Errorf("open state %s: %w (layout %d): restore a copy made by 'helpdesk state backup'",
			s.db.About().Name, ErrBroken, v)
	}
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

// elsewhere returns an error if the state was moved away or is an unfinished copy.
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
		return engine.Setup("open state %s: 'helpdesk state copy' has not ended there: run it again", name)
	}
	return err
}

// migrations contains the steps from the layout of that number to the next one. Layouts that only add data need no
// step.
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

// christen gives a new state the secret for signing our ids and the value of our loop header.
func christen(meta engine.Bucket) error {
	secret := make([]byte, 40)
	_, _ = rand.Read(secret) // never fails, according to its documentation
	return errors.Join(meta.Put([]byte("secret"), secret[:32]),
		meta.Put([]byte("instance"), []byte(hex.EncodeToString(secret[32:]))))
}

// Close releases the state for other runs. Changes made in an overlay are discarded.
func (s *Store) Close() error { return errors.Join(s.settle(), s.db.Close()) }

// Still returns an error if another run may have taken the state because this machine was suspended or cut off. It
// costs at most one request to the server, and none directly after another one.
func (s *Store) Still() error { return s.db.Still() }

// Now converts a time of this machine's clock to the clock that all hosts of the state share: the database server's.
func (s *Store) Now(here time.Time) time.Time { return here.Add(s.db.About().Skew) }

// now returns the current time of that shared clock.
func (s *state) now() time.Time { return s.clock().Add(s.db.About().Skew) }

// Signer returns the key with which our ids are signed.
func (s *Store) Signer() desk.Signer { return s.signer }

// Instance returns the value of our loop header.
func (s *Store) Instance() string { return s.id }
