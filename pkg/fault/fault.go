// Package fault wraps errors with the answer to one question: was the effect made?
//
// It is not a catalogue of errors. Adapters (mailbox, portal, relay) add to an error what they know of the outcome; the
// pass decides from that alone whether to repeat, to look first, or to give up.
package fault

import (
	"errors"
	"time"
)

// Outcome says whether the effect was made.
type Outcome int

const (
	// Unsure means that the effect may have been made. It is the zero value, so that forgetting the outcome is safe.
	Unsure Outcome = iota
	// Refused means that the effect was certainly not made and may be tried again.
	Refused
	// Never means that the effect was certainly not made and that trying again will not help.
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

// Extent says what else besides the effect the error concerns.
type Extent int

const (
	// One is this effect alone; the next one may succeed.
	One Extent = iota
	// Server is the whole server: the pass stops using it and the next run tries again.
	Server
	// Setup is the whole server, until a person changes something: a login, a webhook, a scope, a certificate.
	Setup
)

// Cause names the cause of an error. Texts for people are chosen by it.
type Cause string

// The known causes.
const (
	Unnamed Cause = ""        // only the error's text is known
	Login   Cause = "login"   // user or password are refused
	Token   Cause = "token"   // the access token is refused, or has expired
	Absent  Cause = "absent"  // there is no host of that name
	Silent  Cause = "silent"  // the server can't be reached, or does not answer
	Cipher  Cause = "cipher"  // encryption or certificate
	Rights  Cause = "rights"  // the webhook is wrong, or lacks a right
	Damaged Cause = "damaged" // the state file, or an entry in it
	Plan    Cause = "plan"    // the portal's plan does not include REST
)

// ErrTooLarge is wrapped by an error with the outcome Never if a smaller letter or file would be accepted.
var ErrTooLarge = errors.New("too large")

// Error is an error with its outcome.
type Error struct {
	Outcome Outcome
	Extent  Extent
	After   time.Duration // shortest wait before the next attempt; 0 = not known
	Tries   int           // attempts with this error before a person is asked; 0 = not known
	Over    time.Duration // shortest time between the first and the last of these attempts
	Cause   Cause
	Err     error
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// New wraps err with its outcome, for this effect alone.
func New(o Outcome, err error) error { return &Error{Outcome: o, Err: err} }

// Away wraps err for a server that can't be used for now.
func Away(o Outcome, err error) error { return &Error{Outcome: o, Extent: Server, Err: err} }

// Misconfigured wraps err for a server that can't be used until a person changes something. Nothing was made.
func Misconfigured(err error) error { return &Error{Outcome: Refused, Extent: Setup, Err: err} }

// Vague wraps err if it says nothing about the effect and may pass by itself. A person is asked if it persists.
func Vague(err error) error { return &Error{Tries: 5, Over: time.Hour, Err: err} }

// Unclear wraps err as a refusal whose cause is unknown: the recipient, we ourselves, or something temporary. Nothing
// was made. The refusal counts as final if it persists.
func Unclear(err error) error { return &Error{Outcome: Refused, Tries: 8, Over: time.Hour, Err: err} }

// Because adds a cause to an error of this package and returns it. An error that has a cause keeps it.
func Because(c Cause, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Cause == Unnamed {
		e.Cause = c
	}
	return err
}

// CauseOf returns the cause of err, or Unnamed.
func CauseOf(err error) Cause {
	var e *Error
	if errors.As(err, &e) {
		return e.Cause
	}
	return Unnamed
}

// Of returns the outcome of err, or Unsure.
func Of(err error) Outcome {
	var e *Error
	if errors.As(err, &e) {
		return e.Outcome
	}
	return Unsure
}

// Known reports whether err has an outcome.
func Known(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// ExtentOf returns the extent of err, or One.
func ExtentOf(err error) Extent {
	var e *Error
	if errors.As(err, &e) {
		return e.Extent
	}
	return One
}

// After returns how long to wait before another attempt, or 0.
func After(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}

// Patience returns the number of attempts, and the time between the first and the last, after which a person is asked;
// 0 if err does not say.
func Patience(err error) (tries int, over time.Duration) {
	var e *Error
	if errors.As(err, &e) {
		return e.Tries, e.Over
	}
	return 0, 0
}

// Bare returns the error without its outcome, so that the outcome of one command is not applied to another.
func Bare(err error) error {
	var f *Error
	if errors.As(err, &f) {
		return f.Err
	}
	return err
}
