package mailbox

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
)

// Limits in bytes of what a server may send. A literal with a message is bounded by its reader.
const (
	maxResponse = 1 << 20  // one response, without the messages in it
	maxFound    = 16 << 20 // one search result: some million UIDs
	maxAnswer   = 64 << 20 // all responses to one command
	maxString   = 64 << 10 // a literal other than a message
)

// guard reads the server's decrypted bytes and passes them on line by line. It ends the connection if a response
// exceeds the limits, since go-imap accepts lines and literals of any length. It leaves out folders whose names make
// go-imap end the connection. It also keeps the text of a BYE, which go-imap discards.
type guard struct {
	net.Conn
	fail func(error) error
	most int // limit of an answer, in bytes

	chunk   [4 << 10]byte
	out     []byte // bytes to be read next
	line    []byte // the current line so far
	list    []byte // the lines and literals of a LIST response so far
	words   []string
	literal int64 // bytes of the current literal still to come
	size    int   // bytes of the response so far
	err     error // error of the connection

	mu     sync.Mutex
	answer int // bytes of all responses to the current command
	bye    string
}

// rest resets the count of bytes after a command has been answered.
func (g *guard) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = 0
}

// goodBye returns the text of a BYE, "" if the server sent no BYE.
func (g *guard) goodBye() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bye
}

// Read implements net.Conn.
func (g *guard) Read(p []byte) (int, error) {
	for len(g.out) == 0 {
		if g.err != nil {
			return 0, g.err
		}
		if g.literal > 0 && g.list == nil && len(p) > 0 { // most of a message: read without a copy
			n, err := g.Conn.Read(p[:min(int64(len(p)), g.literal)])
			g.literal, g.err = g.literal-int64(n), err
			if n > 0 {
				return n, nil
			}
			continue
		}
		n, err := g.Conn.Read(g.chunk[:])
		if wrong := g.take(g.chunk[:n]); wrong != nil {
			err = g.fail(wrong)
		}
		if g.err = err; err == io.EOF {
			g.out, g.line = append(g.out, g.line...), nil
		}
	}
	n := copy(p, g.out)
	g.out = g.out[n:]
	return n, nil
}

// take processes received bytes.
func (g *guard) take(b []byte) error {
	for len(b) > 0 {
		if g.literal > 0 {
			n := int(min(g.literal, int64(len(b))))
			g.literal -= int64(n)
			g.pass(b[:n])
			b = b[n:]
			continue
		}
		i := bytes.IndexByte(b, '\n') + 1
		if i == 0 {
			i = len(b)
		}
		g.line = append(g.line, b[:i]...)
		if err := g.bounded(i); err != nil {
			return err
		}
		if b[i-1] == '\n' {
			if err := g.ended(); err != nil {
				return err
			}
		}
		b = b[i:]
	}
	return nil
}

// pass passes bytes on to the reader, or adds them to the LIST response that is being collected.
func (g *guard) pass(b []byte) {
	if g.list != nil {
		g.list = append(g.list, b...)
		return
	}
	g.out = append(g.out, b...)
}

// bounded adds n bytes to the response and the answer, and returns an error if one of them exceeds its limit.
func (g *guard) bounded(n int) error {
	g.size += n
	g.mu.Lock()
	g.answer += n
	answer := g.answer
	g.mu.Unlock()
	most := maxResponse
	if len(g.words) == 0 {
		g.words = beginning(g.line)
	}
	if g.is(1, "SEARCH", "ESEARCH") {
		most = maxFound
	}
	switch {
	case g.size > most:
		return g.endless("response", most)
	case answer > g.most:
		return g.endless("answer", g.most)
	}
	return nil
}

// beginning returns the first words of a response in capital letters, or nil while too few bytes have arrived.
func beginning(line []byte) []string {
	if len(line) < 32 && !bytes.HasSuffix(line, []byte("\n")) {
		return nil
	}
	f := strings.Fields(strings.ToUpper(string(line[:min(len(line), 64)])))
	return f[:min(len(f), 3)]
}

func (g *guard) is(i int, words ...string) bool {
	for _, w := range words {
		if len(g.words) > i && g.words[0] == "*" && g.words[i] == w {
			return true
		}
	}
	return false
}

// ended handles a complete line: either a literal follows or the response is complete.
func (g *guard) ended() error {
	if g.list == nil && g.is(1, "LIST", "LSUB") {
		g.list = []byte{}
	}
	n, literal := literalAt(g.line)
	if literal && n > maxString && !g.is(2, "FETCH") {
		return g.endless("literal", maxString)
	}
	g.pass(g.line)
	if g.line = g.line[:0]; literal {
		g.literal = n
		return nil
	}
	if g.is(1, "BYE") {
		g.mu.Lock()
		text := strings.TrimSpace(string(g.out[max(0, len(g.out)-g.size):]))
		g.bye = strings.TrimSpace(text[min(len(text), len("* BYE")):])
		g.mu.Unlock()
	}
	if g.list != nil {
		if readableList(g.list) {
			g.out = append(g.out, g.list...)
		}
		g.list = nil
	}
	g.size, g.words = 0, nil
	if cap(g.line) > maxResponse {
		g.line = nil
	}
	return nil
}

// literalAt returns the size of the literal that a line announces.
func literalAt(line []byte) (size int64, ok bool) {
	end := strings.TrimRight(string(line[max(0, len(line)-32):]), "\r\n")
	open := strings.LastIndexByte(end, '{')
	if open < 0 || !strings.HasSuffix(end, "}") {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(end[open+1:len(end)-1], "+"), 10, 64)
	return n, err == nil && n >= 0
}

func (g *guard) endless(what string, most int) error {
	return fmt.Errorf("the server's %s is longer than %d kB: %.40q", what, most>>10, g.line)
}
