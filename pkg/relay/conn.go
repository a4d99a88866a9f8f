package relay

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// conn is a connection that fails once its peer has been silent for too long, and then for good.
//
// QUIRK: go-mail v0.8.1 sets one deadline for a whole letter, which a long one outlives on a slow line; so the deadlines it
// sets are ignored, and ours are set below TLS at every read and write.
type conn struct {
	net.Conn

	mu   sync.Mutex
	wait time.Duration
	err  error
}

// patience sets how long the peer may be silent.
func (c *conn) patience(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait = d
}

func (c *conn) deadline() (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.wait), c.err
}

func (c *conn) Read(p []byte) (int, error) {
	deadline, err := c.deadline()
	if err != nil {
		return 0, err
	}
	_ = c.Conn.SetReadDeadline(deadline) // an error here is the Read's error
	n, err := c.Conn.Read(p)
	return n, c.keep(err)
}

func (c *conn) Write(p []byte) (int, error) {
	deadline, err := c.deadline()
	if err != nil {
		return 0, err
	}
	_ = c.Conn.SetWriteDeadline(deadline)
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
			err = fmt.Errorf("no answer for %v: %w", c.wait, err)
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
