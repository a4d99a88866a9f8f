package mail

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Proxy forwards to an IMAP or SMTP server and breaks connections as networks do.
type Proxy struct {
	target string
	ln     net.Listener

	mu        sync.Mutex
	conns     map[net.Conn]struct{}
	taken     int
	cut       int64 // bytes of the next connection's response; -1 = all
	cutUpload int64 // bytes the next connection may send; -1 = all
	drop      int
	delay     time.Duration
	stalled   chan struct{} // closed by Resume; nil = not stalled
	rewrite   func([]byte) []byte
}

// NewProxy listens on a free port of 127.0.0.1 and forwards everything to target, a host:port.
func NewProxy(target string) (*Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	p := &Proxy{target: target, ln: ln, conns: map[net.Conn]struct{}{}, cut: -1, cutUpload: -1}
	go p.serve()
	return p, nil
}

// Addr returns host:port.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// Taken returns the number of connections so far.
func (p *Proxy) Taken() (n int) {
	p.with(func() { n = p.taken })
	return n
}

// CutAfter closes the next connection after the server has sent this many bytes.
func (p *Proxy) CutAfter(bytes int64) { p.with(func() { p.cut = bytes }) }

// CutUploadAfter closes the next connection after the client has sent this many bytes.
func (p *Proxy) CutUploadAfter(bytes int64) { p.with(func() { p.cutUpload = bytes }) }

// DropNext closes the next connection immediately.
func (p *Proxy) DropNext() { p.with(func() { p.drop++ }) }

// Delay delays every piece of a response.
func (p *Proxy) Delay(d time.Duration) { p.with(func() { p.delay = d }) }

// Rewrite replaces every line sent by the server. The line includes its line break.
func (p *Proxy) Rewrite(f func(line []byte) []byte) { p.with(func() { p.rewrite = f }) }

// Stall holds back all responses until Resume.
func (p *Proxy) Stall() {
	p.with(func() {
		if p.stalled == nil {
			p.stalled = make(chan struct{})
		}
	})
}

// Resume ends Stall.
func (p *Proxy) Resume() {
	p.with(func() {
		if p.stalled != nil {
			close(p.stalled)
			p.stalled = nil
		}
	})
}

// Close stops listening and drops the connections.
func (p *Proxy) Close() error {
	p.Resume()
	err := p.ln.Close()
	p.with(func() {
		for c := range p.conns {
			_ = c.Close()
		}
	})
	return err
}

func (p *Proxy) with(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *Proxy) serve() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		go p.connect(c)
	}
}

// connect applies the faults for the next connection and forwards bytes until one side closes.
func (p *Proxy) connect(client net.Conn) {
	p.mu.Lock()
	drop, cut, cutUpload, rewrite := p.drop > 0, p.cut, p.cutUpload, p.rewrite
	p.drop, p.cut, p.cutUpload = max(0, p.drop-1), -1, -1
	p.conns[client] = struct{}{}
	p.taken++
	p.mu.Unlock()
	defer p.forget(client)
	if drop {
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, limited(client, cutUpload))
		_ = server.Close()
		if cutUpload >= 0 {
			_ = client.Close()
		}
	}()
	p.answers(client, limited(server, cut), rewrite)
}

func (p *Proxy) forget(c net.Conn) {
	_ = c.Close()
	p.with(func() { delete(p.conns, c) })
}

func limited(r io.Reader, n int64) io.Reader {
	if n < 0 {
		return r
	}
	return io.LimitReader(r, n)
}

// answers forwards the server's responses, line by line if they are rewritten.
func (p *Proxy) answers(client io.Writer, server io.Reader, rewrite func([]byte) []byte) {
	lines := bufio.NewReader(server)
	piece := make([]byte, 16<<10)
	for {
		var part []byte
		var err error
		if rewrite != nil {
			part, err = lines.ReadBytes('\n')
			part = rewrite(part)
		} else {
			var n int
			n, err = lines.Read(piece)
			part = piece[:n]
		}
		p.wait()
		if _, werr := client.Write(part); err != nil || werr != nil {
			return
		}
	}
}

func (p *Proxy) wait() {
	p.mu.Lock()
	delay, stalled := p.delay, p.stalled
	p.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
	time.Sleep(delay)
}
