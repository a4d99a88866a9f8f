package engine

import (
	"io"
	"sync"
)

// Kept is the connection of a run that opens its database more than once. Close of the database gives back the lock and
// leaves the connection here, and the next opening takes it. The connection is all that stays: whatever another run may
// have changed is asked for again. The zero value keeps nothing yet, and nil never keeps anything.
type Kept struct {
	mu   sync.Mutex
	of   string
	conn io.Closer
}

// Leave keeps a connection, by the name of what it leads to. It takes the place of one that is kept already, which is
// closed.
func (k *Kept) Leave(of string, conn io.Closer) {
	if k == nil {
		_ = conn.Close()
		return
	}
	_ = k.Close()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.of, k.conn = of, conn
}

// Take returns the connection that was left under this name, nil = none. It is kept no longer.
func (k *Kept) Take(of string) (conn io.Closer) {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == of {
		conn, k.conn = k.conn, nil
	}
	return conn
}

// Close ends the connection that is kept, if there is one.
func (k *Kept) Close() error {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	conn := k.conn
	k.conn = nil
	k.mu.Unlock()
	if conn == nil {
		return nil
	}
	return conn.Close()
}
