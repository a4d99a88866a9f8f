package mailbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// conn is a connection that fails once its peer has been silent for idle while we wait for it, and then for good.
//
// QUIRK: go-imap v2.0.0-beta.8 waits for the first byte of a reply without any deadline, gives a literal five minutes in
// all however fast it flows, and reads on four times after a timeout. So the deadlines it sets are ignored, ours are set
// below TLS at every read and write, and a timeout closes the connection.
type conn struct {
	net.Conn
	idle time.Duration

	mu   sync.Mutex
	busy bool // a command is in flight; between commands the server may be silent as long as it likes
	err  error
}

// arm starts the clock: from now on we wait for the server.
func (c *conn) arm() { c.set(true, time.Now().Add(c.idle)) }

// rest stops the clock.
func (c *conn) rest() { c.set(false, time.Time{}) }

func (c *conn) set(busy bool, deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = busy
	// The reader has been blocked in Read since before the command was sent, so its deadline is moved under it.
	_ = c.Conn.SetReadDeadline(deadline) // an error here is the next Read's error
}

func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if err := c.err; err != nil {
		c.mu.Unlock()
		return 0, err
	}
	if c.busy {
		_ = c.Conn.SetReadDeadline(time.Now().Add(c.idle))
	}
	c.mu.Unlock()
	n, err := c.Conn.Read(p)
	return n, c.keep(err)
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.failure(); err != nil {
		return 0, err
	}
	_ = c.Conn.SetWriteDeadline(time.Now().Add(c.idle))
	n, err := c.Conn.Write(p)
	return n, c.keep(err)
}

// keep remembers the first error and closes the connection with it.
func (c *conn) keep(err error) error {
	if err == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("no answer for %v: %w", c.idle, err)
		}
		c.err = err
		_ = c.Conn.Close()
	}
	return c.err
}

// failure returns why the connection is of no use any more, nil while it is.
func (c *conn) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
