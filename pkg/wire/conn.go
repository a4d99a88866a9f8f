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

// Conn is a connection that fails once its peer has been silent for too long while we wait for it, and then for good.
// It lies below TLS.
//
// QUIRK: go-imap v2.0.0-beta.8 waits for the first byte of a reply without any deadline, gives a literal five minutes
// in all however fast it flows, and reads on four times after a timeout. go-mail v0.8.1 sets one deadline for a whole
// letter, which a long one outlives on a slow line. So the deadlines that a library sets are ignored, ours are set at
// every read and write, and a timeout closes the connection.
type Conn struct {
	net.Conn

	mu   sync.Mutex
	wait time.Duration
	rest bool // the peer owes nothing and may be silent as long as it likes
	err  error
}

// New returns a connection whose peer may be silent for wait.
func New(c net.Conn, wait time.Duration) *Conn { return &Conn{Conn: c, wait: wait} }

// Expect starts the clock: the peer owes an answer, and may be silent for wait from now on.
func (c *Conn) Expect(wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait, c.rest = wait, false
	// A reader may have been blocked since before the question was sent, so its deadline is moved under it.
	_ = c.Conn.SetReadDeadline(time.Now().Add(wait)) // an error here is the next Read's error
}

// Rest stops the clock: the peer owes nothing.
func (c *Conn) Rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest = true
	_ = c.Conn.SetReadDeadline(time.Time{})
}

// Bind lets the end of ctx end the connection, until the returned function is called.
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

// Fail closes the connection for err and returns why it was closed first, which every later use returns too. A nil err
// leaves it open.
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

// Failure returns why the connection is of no use any more, nil while it is.
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
