package mail

import (
	"bufio"
	"bytes"
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

// Delay delays every piece of a response by a round trip. Pieces that are under way at the same time wait together, as
// they do in a network.
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

// piece is part of a response that is under way.
type piece struct {
	bytes   []byte
	arrives time.Time
}

// underWay is the number of pieces that a network holds.
const underWay = 256

// answers forwards the server's responses.
func (p *Proxy) answers(client net.Conn, server io.Reader, rewrite func([]byte) []byte) {
	pieces := make(chan piece, underWay)
	go func() {
		defer close(pieces)
		p.read(server, rewrite, pieces)
	}()
	broken := false
	for one := range pieces {
		p.held()
		time.Sleep(time.Until(one.arrives))
		if !broken {
			_, err := client.Write(one.bytes)
			broken = err != nil
		}
		if broken {
			_ = client.Close() // ends the copying from the client, which ends the server's responses
		}
	}
}

// read cuts what the server says into pieces: lines if they are rewritten.
func (p *Proxy) read(server io.Reader, rewrite func([]byte) []byte, pieces chan<- piece) {
	lines, buf := bufio.NewReader(server), make([]byte, 16<<10)
	for {
		var part []byte
		var err error
		if rewrite != nil {
			part, err = lines.ReadBytes('\n')
			part = rewrite(part)
		} else {
			var n int
			n, err = lines.Read(buf)
			part = bytes.Clone(buf[:n])
		}
		sent := piece{part, time.Now()}
		p.with(func() { sent.arrives = sent.arrives.Add(p.delay) })
		pieces <- sent
		if err != nil {
			return
		}
	}
}

// held waits while responses are held back.
func (p *Proxy) held() {
	var stalled chan struct{}
	p.with(func() { stalled = p.stalled })
	if stalled != nil {
		<-stalled
	}
}
