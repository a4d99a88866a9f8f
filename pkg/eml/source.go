package eml

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// noHit means that no boundary was met.
const noHit = -1

// source reads a message line by line and stops at each line that is an open boundary.
type source struct {
	br       *bufio.Reader
	head     *bufio.Reader // for header blocks; nil = not yet allocated
	open     []string      // boundaries without the leading --, outermost first
	pushed   []byte        // lines to read again
	midLine  bool          // the next bytes continue a line
	hit      int           // index in open of the boundary just met
	hitClose bool          // it was a closing boundary
	eof      bool
	err      error // read error; nil at the end of the message
}

// lineSize is the greatest part of a line that is read at once, in bytes.
const lineSize = 64 << 10

func newSource(br, head *bufio.Reader) *source {
	// QUIRK: old Mac programs end lines with a bare CR; such a message contains no LF.
	if first, _ := br.Peek(8 << 10); bytes.IndexByte(first, '\r') >= 0 && bytes.IndexByte(first, '\n') < 0 {
		br = bufio.NewReaderSize(&bareCR{br}, lineSize)
	}
	return &source{br: br, head: head, hit: noHit}
}

// newBytes returns a source for a message or part in memory.
func newBytes(b []byte) *source {
	return newSource(bufio.NewReaderSize(bytes.NewReader(b), min(len(b)+1, lineSize)), nil)
}

type bareCR struct{ r io.Reader }

func (c *bareCR) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// line returns the next line with its end, or a piece of a long line. ok is false at a boundary and at the end. The
// slice is valid until the next call.
func (s *source) line() (line []byte, ok bool) {
	if len(s.pushed) > 0 {
		line, s.pushed = s.pushed, nil
		return line, true
	}
	if s.hit != noHit || s.eof {
		return nil, false
	}
	line, err := s.br.ReadSlice('\n')
	start := !s.midLine
	s.midLine = errors.Is(err, bufio.ErrBufferFull)
	if err != nil && !s.midLine {
		if !errors.Is(err, io.EOF) {
			s.err = err
		}
		if len(line) == 0 {
			s.eof = true
			return nil, false
		}
	}
	if start && s.boundary(line) {
		return nil, false
	}
	return line, true
}

// lines returns the next whole lines that are buffered, up to the first that may be a boundary. ok is false if there is
// no such line; line returns it then. The slice is valid until the next call.
func (s *source) lines() (lines []byte, ok bool) {
	if len(s.pushed) > 0 || s.hit != noHit || s.midLine || s.eof {
		return nil, false
	}
	b, _ := s.br.Peek(s.br.Buffered())
	if len(s.open) > 0 {
		b = b[:dashes(b)]
	}
	b = b[:bytes.LastIndexByte(b, '\n')+1]
	_, _ = s.br.Discard(len(b)) // they are buffered
	return b, len(b) > 0
}

// dashes returns the offset of the first line that begins with two dashes, or the length.
func dashes(b []byte) int {
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:], '-')
		if i < 0 {
			return len(b)
		}
		if at += i; (at == 0 || b[at-1] == '\n') && bytes.HasPrefix(b[at+1:], []byte("-")) {
			return at
		}
	}
}

func (s *source) boundary(line []byte) bool {
	i, closing := s.match(line)
	if i == noHit {
		return false
	}
	s.hit, s.hitClose = i, closing
	return true
}

// closes reports whether a line is a boundary.
func (s *source) closes(line []byte) bool {
	i, _ := s.match(line)
	return i != noHit
}

// match returns the index of the open boundary that a line is, or noHit, and whether it is a closing one.
func (s *source) match(line []byte) (i int, closing bool) {
	if len(s.open) == 0 || len(line) < 3 || line[0] != '-' || line[1] != '-' {
		return noHit, false
	}
	line = bytes.TrimRight(line[2:], " \t\r\n")
	for i := len(s.open) - 1; i >= 0; i-- {
		rest, found := bytes.CutPrefix(line, []byte(s.open[i]))
		if found && (len(rest) == 0 || string(rest) == "--") {
			return i, len(rest) > 0
		}
	}
	return noHit, false
}

// peekLine returns the beginning of the next line without consuming it.
func (s *source) peekLine() []byte {
	if len(s.pushed) > 0 {
		return s.pushed
	}
	b, _ := s.br.Peek(1024)
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b = b[:i+1]
	}
	return b
}

// end makes the rest of the message unread.
func (s *source) end() { s.pushed, s.hit, s.eof = nil, noHit, true }

var lineEnd = []byte("\r\n")

// body reads up to the next boundary, without the line end before it (RFC 2046, 5.1.1).
type body struct {
	s    *source
	out  []byte
	next []byte // to be read after out
	eol  []byte // end of the last line read
	done bool
}

func (b *body) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(b.out) == 0 {
			if len(b.next) > 0 {
				b.out, b.next = b.next, nil
				continue
			}
			if b.done {
				break
			}
			b.fill()
			continue
		}
		c := copy(p[n:], b.out)
		n, b.out = n+c, b.out[c:]
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// fill reads the next lines, to be returned after the end of the previous one. Their own end may belong to a boundary
// and is kept back.
func (b *body) fill() {
	line, ok := b.s.lines()
	if !ok {
		line, ok = b.s.line()
	}
	if !ok {
		b.done = true
		if b.s.hit == noHit {
			b.out = b.eol
		}
		return
	}
	text := line
	if bytes.HasSuffix(text, []byte("\n")) {
		text = bytes.TrimSuffix(text[:len(text)-1], []byte("\r"))
	}
	b.out, b.next = b.eol, text
	b.eol = lineEnd[len(lineEnd)-(len(line)-len(text)):]
}
