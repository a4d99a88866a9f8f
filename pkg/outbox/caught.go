package outbox

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Panic is a panic that was turned into an error.
type Panic struct {
	What  string // the work during which it happened
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("%s: panic: %v", p.What, p.Value) }

// Caught, when deferred, turns a panic into an error: one message or effect must not end every pass.
func Caught(what string, err *error) {
	if r := recover(); r != nil {
		*err = &Panic{what, r, debug.Stack()}
	}
}

// Panicked reports whether an error was a panic.
func Panicked(err error) bool {
	var p *Panic
	return errors.As(err, &p)
}

// Try calls fn and returns a panic as an error.
func Try(what string, fn func() error) (err error) {
	defer Caught(what, &err)
	return fn()
}
