package outbox

import "fmt"

// Caught, deferred, makes a panic the error of what was being done: one message must not end every pass.
func Caught(what string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%s: panic: %v", what, r)
	}
}
