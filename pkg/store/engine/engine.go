// Package engine says what the store needs of a database: ordered buckets of bytes, transactions, and a lock for as
// long as the database is open. It knows nothing of what is kept there.
package engine

import (
	"errors"
	"time"

	"helpdesk/pkg/phrase"
)

// Errors of every engine.
var (
	ErrLocked  = errors.New("the state is in use by another run")
	ErrBroken  = errors.New("the state file is damaged")
	ErrMissing = errors.New("there is no state")
	// ErrMoved says that the state lies elsewhere now.
	ErrMoved = errors.New("the state was moved")
	// ErrAway says that the database can't be used now. The next run may find it.
	ErrAway = errors.New("the database is away")
	// ErrSetup says that a person must set something before the database can be used.
	ErrSetup = errors.New("the database is not set up")
	// ErrFull says that there is no space left where the database lies. The next run may find some.
	ErrFull = errors.New("there is no space left")
	// ErrPlace says that the state can't lie on that disk as it is: a person must change one of them.
	ErrPlace = errors.New("the state can't be kept there")
	// ErrStop ends a walk without an error.
	ErrStop = errors.New("stop")
	// ErrGlance says that a file which is only read would have to be written.
	ErrGlance = errors.New("the state is only read")
)

// DB is an open database. Nobody else has it open for writing.
type DB interface {
	// View calls fn with a transaction that only reads.
	View(fn func(Tx) error) error
	// Update calls fn with a transaction, which is kept when fn returns nil and forgotten otherwise.
	Update(fn func(Tx) error) error
	// Still returns an error where this run may have lost the database to another: it stood still, or was cut off.
	Still() error
	// About returns what is known of the database itself.
	About() About
	// Close lets others have the database.
	Close() error
}

// Tx is a transaction. Values are valid until it ends.
type Tx interface {
	// Bucket returns the bucket of this name; one that has nothing yet is empty.
	Bucket(name string) Bucket
}

// Bucket maps keys to values, in the order of the keys. A value may be empty, a key may not.
type Bucket interface {
	// Get returns the value of a key, or nil if there is none.
	Get(key []byte) ([]byte, error)
	Put(key, value []byte) error
	Delete(key []byte) error
	// Count adds to the bucket's counter and returns what it is then; adding 0 reads it.
	Count(by uint64) (uint64, error)
	// Walk calls fn with every entry from this key on, until fn returns an error, which Walk returns unless it is
	// ErrStop. fn changes nothing in the bucket.
	Walk(from []byte, fn func(key, value []byte) error) error
	// Ahead says which keys will be asked for soon, so that a distant database is asked for them at once.
	Ahead(keys ...[]byte)
}

// Options say how to open a database.
type Options struct {
	Wait     time.Duration    // how long to wait for another run to end; 0 = try once
	Overlay  bool             // nothing is kept: changes are seen until Close
	Made     bool             // one that is missing is not made: ErrMissing
	Unlocked bool             // a server's database is only read, whoever works with it; a file is locked nonetheless
	Glance   bool             // a file is only read, which is quicker; what would change it fails with ErrGlance
	Command  string           // what the run does, for others that wait for it
	Now      func() time.Time // the clock of this machine; nil = time.Now
	Kept     *Kept            // what a run that opens the database again keeps until then; nil = nothing
	Used     bool             // passes have worked with it: a file with nothing in it is a damaged one
	// how often a file had been written when a pass ended last; one that counts fewer is an older copy
	Writes uint64
}

// About is what is known of an open database.
type About struct {
	Name string        // for people; no secrets
	Skew time.Duration // by how much the server's clock is ahead of this machine's
	// the history that a server's data belong to; it changes when a standby takes over; "" of a file
	Line    string
	Written time.Time // when the server's data were last written, by its clock
	Trips   int       // how often the server was asked
}

// Finding is what was found out about a database, for a person.
type Finding struct {
	OK       bool          // nothing must be done
	Optional bool          // it works as it is
	Note     phrase.Phrase // what there is, or what to do
}

// Held is the error of a database that another run works with.
type Held struct {
	Name    string // of the database
	Command string // what the run does, "" = not known
	Host    string
	PID     int
	Since   time.Time
}

// Error says who works with it, as far as that is known.
func (h Held) Error() string { return "open state " + h.Name + ": " + ErrLocked.Error() }

// Unwrap returns ErrLocked.
func (h Held) Unwrap() error { return ErrLocked }
