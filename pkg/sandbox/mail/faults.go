package mail

import (
	"errors"
	"sync"
)

// ErrDrop makes a server end the connection where it would have answered.
var ErrDrop = errors.New("drop the connection")

// asking lets those who say what goes wrong be asked one at a time, so that they may count without a lock of their own.
type asking struct{ mu sync.Mutex }

func (a *asking) ask(f func(what, arg string) error, what, arg string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return f(what, arg)
}
