package mail

import (
	"errors"
	"sync"
)

// ErrDrop makes a server close the connection instead of answering.
var ErrDrop = errors.New("drop the connection")

// asking calls an injected function one call at a time, so that it can count without its own lock.
type asking struct{ mu sync.Mutex }

func (a *asking) ask(f func(what, arg string) error, what, arg string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return f(what, arg)
}
