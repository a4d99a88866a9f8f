package eml

import (
	"bufio"
	"bytes"
	"io"
	"unicode"
	"unicode/utf8"
)

// mixedReader decodes base64 text line by line and copies lines that are not base64. QUIRK: scripts label a plain text
// base64, gateways put a warning above base64, and mailing lists a footer below it.
type mixedReader struct {
	decoded
	base64Decoder
	br     *bufio.Reader
	buf    []byte
	state  int
	width  int  // length of the first line of base64
	short  bool // the last line of base64 was shorter
	inner  bool // the next piece continues the same line
	plain  bool // this line is not base64
	strays int  // number of characters in it that are not base64
	gap    bool // the previous line is blank
	gaps   bool // there are blank lines within the base64

	lacking bool // characters are missing in a line
}

// The states of a mixedReader.
const (
	mixedBegin  = iota // nothing read yet
	mixedBase64        // within base64
	mixedPlain         // after lines that are not base64
)

// reset makes it read from src.
func (m *mixedReader) reset(src io.Reader) {
	*m = mixedReader{br: m.br, buf: m.buf}
	m.br.Reset(src)
}

func (m *mixedReader) Read(p []byte) (int, error) { return m.read(p, m.fill) }

func (m *mixedReader) fill() {
	line, err := m.br.ReadSlice('\n')
	if err != nil && err != bufio.ErrBufferFull {
		m.err = err
	}
	m.buf = m.buf[:0]
	if text := bytes.TrimSpace(line); m.inner {
		m.piece(line, text)
	} else if len(text) > 0 || m.state == mixedPlain && len(line) > 0 {
		m.line(line, text)
	} else {
		m.gap = true
	}
	m.inner = err == bufio.ErrBufferFull
	if m.err != nil {
		m.buf = m.flush(m.buf)
	}
	m.out = m.buf
}

// piece handles a further piece of a very long line.
func (m *mixedReader) piece(line, text []byte) {
	if m.plain {
		m.buf = append(m.buf, line...)
		return
	}
	m.buf = m.decode(m.buf, text)
}

func (m *mixedReader) line(line, text []byte) {
	m.plain = !m.isBase64(text)
	if m.plain {
		if m.buf = m.flush(m.buf); m.state == mixedBase64 || m.width > 0 && m.state != mixedPlain {
			m.buf = append(m.buf, '\n')
		}
		m.buf = append(m.buf, line...)
		m.state = mixedPlain
		return
	}
	if m.strays > 0 {
		text = bytes.Map(letters, text)
	}
	first := m.width == 0
	if first {
		m.width = len(text)
	} else {
		m.gaps = m.gaps || m.gap
	}
	m.gap = false
	m.short = len(text) < m.width
	m.state = mixedBase64
	_, err := m.br.Peek(1)
	body := bytes.TrimRight(text, "=")
	if alone := first && err != nil; len(text)%4 != 0 && len(body)%4 != 0 && m.have == 0 && (alone || m.width%4 == 0) {
		if pads := len(text) - len(body); pads > 0 && pads < 4-len(body)%4 {
			body = text // including its padding, if it has any
		}
		one, lacks := mended(body, !first)
		m.buf = append(m.buf, one...)
		m.lacking = m.lacking || lacks
		return
	}
	m.buf = m.decode(m.buf, text)
}

// letters removes everything but base64 letters and padding.
func letters(r rune) rune {
	if r == '=' || r < utf8.RuneSelf && base64Values[r] != 0xff {
		return r
	}
	return -1
}

// strayShare limits the foreign characters in a line of base64 to one in this many.
const strayShare = 20

// isBase64 reports whether a line is base64, in view of the lines before it. A short word may look like base64.
func (m *mixedReader) isBase64(text []byte) bool {
	body := bytes.TrimRight(text, "=")
	m.strays = 0
	for _, c := range body {
		if base64Values[c] == 0xff && c != '=' { // padding may appear between pieces
			m.strays++
		}
	}
	switch {
	case m.strays > 0:
		return len(text) >= 2*strayShare && m.strays*strayShare <= len(text)
	case len(body) < len(text):
		pads := len(text) - len(body)
		if begun := int(m.have) + len(body); begun < 2 {
			return len(body) == 0 && m.state == mixedBase64 && pads <= maxPads // padding on a line of its own
		}
		return pads < 4 || pads <= maxPads && (m.state == mixedBase64 || !isWord(body))
	case m.state == mixedBase64 && !m.short:
		return (int(m.have)+len(text))%4 == 0 || !isWord(text) || m.ends() && m.gap == m.gaps
	}
	return len(body) > 1 && !isWord(text)
}

// maxPads bounds the padding at the end of a line. QUIRK: some programs pad twice.
const maxPads = 8

// ends reports whether only blanks follow.
func (m *mixedReader) ends() bool {
	const enough = 4
	more, err := m.br.Peek(enough)
	return err != nil && len(bytes.TrimSpace(more)) == 0
}

// isWord reports whether the letters could be a word: few of them, with ordinary capitalization.
func isWord(text []byte) bool {
	const longest = 20
	upper, lower := 0, 0
	for _, c := range text {
		switch {
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= 'a' && c <= 'z':
			lower++
		default:
			return false
		}
	}
	first := text[0] >= 'A' && text[0] <= 'Z'
	return len(text) <= longest && (upper == 0 || lower == 0 || upper == 1 && first)
}

// mended decodes a line of base64 in which letters other than padding are missing. It decodes the part before the gap,
// and the part after it so that the end fits; the text at the gap is lost. The gap can only be located in UTF-8. A line
// that goes on from the previous one may begin within a character.
func mended(text []byte, goesOn bool) (b []byte, lacks bool) {
	const (
		around = 8 // groups of four letters to try before the first wrong byte
		left   = 3 // wrong bytes allowed in a mended text
	)
	odd := len(text) % 4
	whole := appendB(nil, string(text))
	begin := 0
	for goesOn && begin < min(len(whole), utf8.UTFMax-1) && !utf8.RuneStart(whole[begin]) {
		begin++
	}
	at := begin + firstInvalid(whole[begin:])
	if at >= len(whole)-3 { // valid, or the end is missing
		return whole, odd == 1 || at < len(whole)
	}
	best, most := whole, sense(whole)
	for g := max(0, at/3-around); g <= at/3+1 && 4*g+odd <= len(text); g++ {
		one := append(appendB(nil, string(text[:4*g])), appendB(nil, string(text[4*g+odd:]))...)
		if n := sense(one); n > most {
			best, most = one, n
		}
	}
	if wrong(best) > left || 2*most < utf8.RuneCount(best) { // the text is not UTF-8, so nothing can be located
		return whole, odd == 1
	}
	return best, true
}

// wrong counts the bytes that are not valid UTF-8.
func wrong(b []byte) (n int) {
	for {
		at := firstInvalid(b)
		if at == len(b) {
			return n
		}
		b = b[at+1:]
		n++
	}
}

// sense rates a text in UTF-8: Latin and Cyrillic letters and blanks count for it, invalid bytes and other characters
// against it.
func sense(b []byte) (n int) {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && size == 1:
			n -= 2
		case unicode.Is(unicode.Cyrillic, r), unicode.Is(unicode.Latin, r), r == ' ':
			n++
		case r > unicode.MaxASCII || r == '`':
			n--
		}
		b = b[size:]
	}
	return n
}

// firstInvalid returns the offset of the first byte that is not valid UTF-8, or the length.
func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}
