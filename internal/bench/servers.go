package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// meter is a portal that measures its own time and can delay every answer.
type meter struct {
	server *http.Server
	base   string

	mu     sync.Mutex
	portal *sandbox.Portal
	delay  time.Duration
	hits   int
	own    time.Duration // time spent on answers; concurrent ones add up
	shift  time.Duration // offset of the portal's clock
}

func startPortal() (*meter, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &meter{base: "http://" + ln.Addr().String() + "/rest/17/sandbox-code/"}
	m.renew(0)
	m.server = &http.Server{Handler: m, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = m.server.Serve(ln) }() // ends in stop
	return m, nil
}

func (m *meter) stop() { _ = m.server.Close() }

// renew replaces the portal by an empty one, and sets the delay of its answers.
func (m *meter) renew(delay time.Duration) *sandbox.Portal {
	p := sandbox.NewPortal(sandbox.PortalOptions{NoLimit: true, OperatingLimit: 1000 * time.Hour, Now: m.now})
	m.use(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delay = delay
	return p
}

// use makes p answer from now on.
func (m *meter) use(p *sandbox.Portal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.portal, m.hits, m.own = p, 0, 0
}

func (m *meter) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Add(m.shift)
}

// advance sets the portal's clock forward.
func (m *meter) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shift += d
}

// reading returns the number of requests and the portal's own time since the last reading.
func (m *meter) reading() (hits int, own time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hits, own = m.hits, m.own
	m.hits, m.own = 0, 0
	return hits, own
}

// ServeHTTP implements http.Handler.
func (m *meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	m.mu.Lock()
	p, delay := m.portal, m.delay
	m.mu.Unlock()
	time.Sleep(delay)
	p.ServeHTTP(w, r)
	p.ResetCounts() // nobody asks for the calls, and they hold the files in base64
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hits++
	m.own += time.Since(start)
}

// tap is a proxy of the IMAP server that counts clients' commands, so that round trips can be compared.
type tap struct {
	ln     net.Listener
	target string

	mu       sync.Mutex
	commands int
}

func startTap(target string) (*tap, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tap{ln: ln, target: target}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go t.pass(c)
		}
	}()
	return t, nil
}

func (t *tap) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", t.target)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	_, _ = io.Copy(io.MultiWriter(server, counting{t}), client)
	_ = server.Close()
}

// counting counts commands by their line ends.
type counting struct{ *tap }

func (c counting) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commands += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

// reading returns the number of commands since the last reading.
func (t *tap) reading() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.commands
	t.commands = 0
	return n
}
