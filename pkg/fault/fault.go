// Package fault answers the one question an effect's error must answer: did it happen?
//
// It is not a catalogue of errors. Adapters (mailbox, portal, relay) wrap what went wrong with what is known of the
// outcome; the pass decides from that alone whether to repeat, to look first, or to give up.
package fault

import (
	"errors"
	"time"
)

// Outcome reports whether the effect was made.
type Outcome int

const (
	// Unsure is the zero value, so that forgetting to say is safe: the effect may have been made.
	Unsure Outcome = iota
	// Refused means it was certainly not made, and may be tried again.
	Refused
	// Never means it was certainly not made, and trying again the same way will not help.
	Never
)

func (o Outcome) String() string {
	switch o {
	case Refused:
		return "refused"
	case Never:
		return "never"
	}
	return "unsure"
}

// Extent says how much else the error speaks of.
type Extent int

const (
	// One is this effect alone; the next may well succeed.
	One Extent = iota
	// Server is the whole server, for now: the pass stops using it and the next run tries again.
	Server
	// Setup is the whole server until a person changes a setting: a login, a webhook, a scope, a certificate.
	Setup
)

// Cause names what is wrong, so that words for people can be chosen by it.
type Cause string

// The causes that are told apart.
const (
	Unnamed Cause = ""       // nothing more is known than the error's text
	Login   Cause = "login"  // user or password are refused
	Token   Cause = "token"  // the access token is refused, or has expired
	Absent  Cause = "absent" // there is no host of that name
	Silent  Cause = "silent" // the server can't be reached, or does not answer
	Cipher  Cause = "cipher" // encryption or certificate
	Rights  Cause = "rights" // the webhook is wrong, or lacks a right
	Plan    Cause = "plan"   // REST is not part of what is paid for
)

// ErrTooLarge says, within an error that says Never, that less of the same would be taken.
var ErrTooLarge = errors.New("too large")

// Error is an error with what is known of its outcome.
type Error struct {
	Outcome Outcome
	Extent  Extent
	After   time.Duration // not before that; 0 = not said
	Tries   int           // attempts that may end so before a person is asked; 0 = not said
	Over    time.Duration // how long those must lie apart, the first and the last
	Cause   Cause
	Err     error
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// New wraps err with its outcome, for one effect.
func New(o Outcome, err error) error { return &Error{Outcome: o, Err: err} }

// Away wraps err as a server that can't be used for now.
func Away(o Outcome, err error) error { return &Error{Outcome: o, Extent: Server, Err: err} }

// Misconfigured wraps err as a server that a person must let us into first. Nothing was made.
func Misconfigured(err error) error { return &Error{Outcome: Refused, Extent: Setup, Err: err} }

// Vague wraps err as one that tells nothing of the effect, and may pass by itself: a person is asked when it has
// lasted.
func Vague(err error) error { return &Error{Tries: 5, Over: time.Hour, Err: err} }

// Unclear wraps err as a refusal that does not tell whom it is about: nothing was made, and it may be us whom it meets,
// or pass by itself. It is believed when it has lasted.
func Unclear(err error) error { return &Error{Outcome: Refused, Tries: 8, Over: time.Hour, Err: err} }

// Because adds what is wrong to an error of this package, and returns it. An error that names it already keeps its own.
func Because(c Cause, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Cause == Unnamed {
		e.Cause = c
	}
	return err
}

// CauseOf returns what is wrong, Unnamed where err does not say.
func CauseOf(err error) Cause {
	var e *Error
	if errors.As(err, &e) {
		return e.Cause
	}
	return Unnamed
}

// Of returns the outcome of err, Unsure if it names none.
func Of(err error) Outcome {
	var e *Error
	if errors.As(err, &e) {
		return e.Outcome
	}
	return Unsure
}

// Known reports whether err comes from a server and says what became of the effect.
func Known(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// ExtentOf returns how much err speaks of, One if it does not say.
func ExtentOf(err error) Extent {
	var e *Error
	if errors.As(err, &e) {
		return e.Extent
	}
	return One
}

// After returns how long to wait before another attempt, 0 where err does not say.
func After(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}

// Patience returns after how many attempts, over how long a time, a person is to be asked; 0 where err does not say.
func Patience(err error) (tries int, over time.Duration) {
	var e *Error
	if errors.As(err, &e) {
		return e.Tries, e.Over
	}
	return 0, 0
}

// Bare returns the error within an Error, so that what is told of one command is not taken for another.
func Bare(err error) error {
	var f *Error
	if errors.As(err, &f) {
		return f.Err
	}
	return err
}
