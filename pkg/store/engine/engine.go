// Package engine describes what the store needs from a database: ordered buckets of bytes, transactions, and a lock
// that lasts as long as the database is open. It does not know what the entries mean.
package engine

import (
	"errors"
	"fmt"
	"time"

	"helpdesk/pkg/phrase"
)

// Errors of every engine.
var (
	ErrLocked  = errors.New("the state is in use by another run")
	ErrBroken  = errors.New("the state file is damaged")
	ErrMissing = errors.New("there is no state")
	// ErrMoved says that the state was moved to another place.
	ErrMoved = errors.New("the state was moved")
	// ErrAway says that the database cannot be used now. The next run may succeed.
	ErrAway = errors.New("the database is away")
	// ErrSetup says that a person must change a setting before the database can be used.
	ErrSetup = errors.New("the database is not set up")
	// ErrFull says that the disk of the database is full. The next run may succeed.
	ErrFull = errors.New("there is no space left")
	// ErrPlace says that the state cannot be kept on this disk: a person must change the disk or the place.
	ErrPlace = errors.New("the state can't be kept there")
	// ErrStop ends a walk without an error.
	ErrStop = errors.New("stop")
	// ErrGlance says that a file opened for reading only would have to be written.
	ErrGlance = errors.New("the state is only read")
)

// Setup returns an ErrSetup with a text of its own.
func Setup(format string, args ...any) error { return setup{fmt.Sprintf(format, args...)} }

type setup struct{ text string }

func (s setup) Error() string { return s.text }
func (s setup) Unwrap() error { return ErrSetup }

// DB is an open database. No other run has it open for writing.
type DB interface {
	// View calls fn with a read-only transaction. It does not wait for the fn of an Update.
	View(fn func(Tx) error) error
	// Update calls fn with a transaction. The changes are kept if fn returns nil and discarded otherwise.
	Update(fn func(Tx) error) error
	// Later is Update, except that the changes may be written after it has returned. If that fails, the next Flush, the
	// next Update, and everything else that has to ask the database returns the error.
	Later(fn func(Tx) error) error
	// Flush waits until the changes of Later are written.
	Flush() error
	// Still returns an error if this run may have lost the database to another run, because the machine was suspended
	// or cut off.
	Still() error
	// About returns what is known about the database itself.
	About() About
	// Close releases the database for other runs.
	Close() error
}

// Tx is a transaction. Values are valid until it ends.
type Tx interface {
	// Bucket returns the bucket with this name. A bucket without entries is empty, not an error.
	Bucket(name string) Bucket
}

// Bucket maps keys to values, ordered by key. A value may be empty, a key may not.
type Bucket interface {
	// Get returns the value of a key, or nil if there is none.
	Get(key []byte) ([]byte, error)
	Put(key, value []byte) error
	Delete(key []byte) error
	// Count adds to the bucket's counter and returns the result. Adding 0 reads the counter.
	Count(by uint64) (uint64, error)
	// Walk calls fn with every entry from this key on until fn returns an error. Walk returns that error unless it is
	// ErrStop. fn must not change the bucket.
	Walk(from []byte, fn func(key, value []byte) error) error
	// Ahead announces keys that will be read soon, so that a remote database can fetch them in one request. Without keys
	// it announces that a small bucket will be read, whichever keys it has.
	Ahead(keys ...[]byte)
}

// Options specify how to open a database.
type Options struct {
	Wait    time.Duration // how long to wait for another run to end; 0 = try once
	Overlay bool          // changes are visible until Close and then discarded
	Made    bool          // a missing state is not created: ErrMissing
	// Unlocked opens a server's database for reading only, even while another run has the lock; a file is locked
	// nonetheless
	Unlocked bool
	Glance   bool             // a file is opened for reading only, which is faster; a write fails with ErrGlance
	Command  string           // the command of this run, shown to runs that wait for it
	Now      func() time.Time // the clock of this machine; nil = time.Now
	Kept     *Kept            // keeps the connection between two openings in one run; nil = nothing is kept
	Used     bool             // passes have used this state before, so an empty file counts as damaged
	// number of writes of the file at the end of the last pass; a file with a lower number is an older copy
	Writes uint64
	// Stamp of the file at the end of the last pass. The structure of a file that has changed since is inspected before
	// anything in it is believed
	Stamp string
}

// About describes an open database.
type About struct {
	Name string        // for people; no secrets
	Skew time.Duration // how far the server's clock is ahead of this machine's
	// the history that the server's data belongs to; it changes when a standby takes over; "" for a file
	Line    string
	Written time.Time // time of the last commit, by the server's clock
	Trips   int       // requests sent to the server so far
}

// Finding is a result of inspecting a database, for people.
type Finding struct {
	OK       bool          // nothing has to be done
	Optional bool          // the database works without the change
	Note     phrase.Phrase // what was found, or what to do
}

// Held is the error for a database that another run has locked.
type Held struct {
	Name    string // of the database
	Command string // the command of that run, "" if unknown
	Host    string
	PID     int
	Since   time.Time
}

// Error names the database. It does not name the run that has the lock.
func (h Held) Error() string { return "open state " + h.Name + ": " + ErrLocked.Error() }

// Unwrap returns ErrLocked.
func (h Held) Unwrap() error { return ErrLocked }
