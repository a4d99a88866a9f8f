package mail

import (
	"io"
	"log"
	"net"
	"sync"
)

// silent is the log of servers whose faults are put in on purpose.
var silent = log.New(io.Discard, "", 0)

// beganListener tells when its server has begun to accept: the servers can't be closed safely before.
type beganListener struct {
	net.Listener
	once  sync.Once
	began chan struct{}
}

// Accept implements net.Listener.
func (l *beganListener) Accept() (net.Conn, error) {
	l.once.Do(func() { close(l.began) })
	return l.Listener.Accept()
}

// serveOn runs serve on the listener and returns when it accepts.
func serveOn(ln net.Listener, serve func(net.Listener) error) {
	l := &beganListener{Listener: ln, began: make(chan struct{})}
	go func() { _ = serve(l) }()
	<-l.began
}
