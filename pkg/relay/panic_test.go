package relay

import (
	"bytes"
	"context"
	"net"
	"testing"
)

// panicking is a connection that panics once, on a write of certain text.
type panicking struct {
	net.Conn
	over *[]byte // nil = it has already panicked
}

func (c panicking) Write(b []byte) (int, error) {
	if what := *c.over; what != nil && bytes.Contains(b, what) {
		*c.over = nil
		panic("of death")
	}
	return c.Conn.Write(b)
}

// TestAPanicLeavesTheRelayUsable checks that after a recovered panic the next letter is sent on another connection.
func TestAPanicLeavesTheRelayUsable(t *testing.T) {
	for _, over := range []string{"MAIL FROM", "Subject"} {
		what := []byte(over)
		o := options(memoryServer(t).addr)
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			return panicking{c, &what}, err
		}
		r := open(t, o)
		send := func() (died any) {
			defer func() { died = recover() }()
			if _, err := r.Send(t.Context(), letterTo("ivan@example.org")); err != nil {
				t.Errorf("after a panic over %s: %v", over, err)
			}
			return nil
		}
		if send() == nil {
			t.Fatalf("no panic over %s", over)
		}
		if died := send(); died != nil {
			t.Errorf("%s: %v", over, died)
		}
	}
}
