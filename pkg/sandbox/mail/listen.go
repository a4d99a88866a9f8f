package mail

import (
	"io"
	"log"
	"net"
	"sync"
)

// silent discards the log of servers with injected faults.
var silent = log.New(io.Discard, "", 0)

// beganListener reports that its server has called Accept. Before that, closing the server is not safe.
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

// serveOn runs serve on the listener and returns as soon as it accepts.
func serveOn(ln net.Listener, serve func(net.Listener) error) {
	l := &beganListener{Listener: ln, began: make(chan struct{})}
	go func() { _ = serve(l) }()
	<-l.began
}
