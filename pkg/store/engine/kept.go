package engine

import (
	"io"
	"sync"
)

// Kept keeps the connection of a run that opens its database more than once. Closing the database releases the lock and
// leaves the connection here for the next opening. Only the connection is kept: data is read again, because another run
// may have changed it. The zero value is empty, and a nil Kept never keeps anything.
type Kept struct {
	mu   sync.Mutex
	of   string
	conn io.Closer
}

// Leave stores a connection under a name. A connection that was stored before is closed.
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

// Take removes and returns the connection stored under this name, nil if there is none.
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

// Close closes the stored connection, if there is one.
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
