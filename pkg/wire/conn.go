package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// Conn is a connection that fails permanently if the peer is silent for too long while we wait for it. It is the layer
// below TLS.
//
// QUIRK: go-imap v2.0.0-beta.8 waits for the first byte of a reply without a deadline, allows five minutes for a
// literal of any size, and reads on four times after a timeout. go-mail v0.8.1 sets one deadline for a whole message,
// which is too short for a long one on a slow line. So Conn ignores the deadlines set by a library, sets its own for
// every read and write, and closes the connection after a timeout.
type Conn struct {
	net.Conn

	mu   sync.Mutex
	wait time.Duration
	rest bool // the peer owes no answer and may be silent
	err  error
}

// New returns a connection that fails after the peer has been silent for wait.
func New(c net.Conn, wait time.Duration) *Conn { return &Conn{Conn: c, wait: wait} }

// Expect starts the timeout: the peer owes an answer and may be silent for wait from now on.
func (c *Conn) Expect(wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait, c.rest = wait, false
	// A blocked Read may have started before the request was sent, so its deadline is changed here.
	_ = c.Conn.SetReadDeadline(time.Now().Add(wait)) // the next Read returns this error
}

// Rest stops the timeout: the peer owes no answer.
func (c *Conn) Rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest = true
	_ = c.Conn.SetReadDeadline(time.Time{})
}

// Bind closes the connection when ctx ends, until the returned function is called.
func (c *Conn) Bind(ctx context.Context) (release func()) {
	stop := context.AfterFunc(ctx, func() { _ = c.Fail(context.Cause(ctx)) })
	return func() { stop() }
}

// Read reads what the peer sent.
func (c *Conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	err := c.err
	if err == nil && !c.rest {
		_ = c.Conn.SetReadDeadline(time.Now().Add(c.wait))
	}
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	return n, c.Fail(err)
}

// Write sends p to the peer.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	err := c.err
	if err == nil {
		_ = c.Conn.SetWriteDeadline(time.Now().Add(c.wait))
	}
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	return n, c.Fail(err)
}

// Fail closes the connection because of err. It returns the first error that closed the connection; so does every later
// use. A nil err does nothing.
func (c *Conn) Fail(err error) error {
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

// Failure returns the error that closed the connection, or nil while it is usable.
func (c *Conn) Failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// SetDeadline does nothing, see Conn.
func (c *Conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing, see Conn.
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing, see Conn.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }
