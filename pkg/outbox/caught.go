package outbox

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Panic is a panic that became the error of what was being done.
type Panic struct {
	What  string // what was being done
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("%s: panic: %v", p.What, p.Value) }

// Caught, deferred, makes a panic the error of what was being done: one message or effect must not end every pass.
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

// Try calls fn and makes a panic its error.
func Try(what string, fn func() error) (err error) {
	defer Caught(what, &err)
	return fn()
}
