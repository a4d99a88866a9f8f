package eml

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"
)

// encodingName returns the name of a Content-Transfer-Encoding without additions. QUIRK: programs send "8bits",
// "7-bit", "quoted printable", `"base64"`, "base64;" and "uuencode".
func encodingName(encoding string) string {
	name, _, _ := strings.Cut(strings.ToLower(encoding), ";")
	name = strings.Trim(name, ` "'`)
	if f := strings.Fields(name); len(f) > 1 && f[0] != "quoted" {
		name = f[0]
	}
	return name
}

func isBase64(name string) bool {
	return strings.HasPrefix(name, "base64") || name == "b" || name == "base-64"
}

// decode decodes a Content-Transfer-Encoding and skips invalid characters. An unknown encoding leaves the bytes
// unchanged.
func (b *buffers) decode(r io.Reader, encoding string) io.Reader {
	name := encodingName(encoding)
	switch {
	case isBase64(name):
		b.b64.reset(r)
		return &b.b64
	case strings.HasPrefix(name, "quoted"), name == "q", name == "qp":
		b.qp.reset(r)
		return &b.qp
	case strings.Contains(name, "uu"):
		return newUUReader(r)
	}
	return r
}

// decodeText is decode for text, which may contain plain lines between base64.
func (b *buffers) decodeText(r io.Reader, encoding string) io.Reader {
	b.mixed.lacking = false
	if !isBase64(encodingName(encoding)) {
		return b.decode(r, encoding)
	}
	b.mixed.reset(r)
	return &b.mixed
}

// sniff reads the beginning of r into buf. It returns the beginning and a reader of the whole.
func sniff(r io.Reader, buf []byte) (begin []byte, whole io.Reader) {
	n, _ := io.ReadFull(r, buf)
	// MultiReader.WriteTo would allocate 32 kB each time
	return buf[:n], struct{ io.Reader }{io.MultiReader(bytes.NewReader(buf[:n]), r)}
}

// decoded is the output buffer of a decoder, and the error after it.
type decoded struct {
	out []byte
	err error
}

// read returns decoded bytes. It calls fill while there are none.
func (d *decoded) read(p []byte, fill func()) (int, error) {
	for len(d.out) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		fill()
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// qpReader decodes quoted-printable and leaves invalid escapes unchanged.
type qpReader struct {
	decoded
	br  *bufio.Reader
	buf []byte
}

// reset makes it read from src.
func (d *qpReader) reset(src io.Reader) {
	d.decoded = decoded{}
	d.br.Reset(src)
}

func (d *qpReader) Read(p []byte) (int, error) { return d.read(p, d.fill) }

func (d *qpReader) fill() {
	line, err := d.br.ReadSlice('\n')
	if err != nil && err != bufio.ErrBufferFull {
		d.err = err
	}
	if err == bufio.ErrBufferFull { // avoid splitting an escape
		if i := strings.LastIndexByte(string(line[len(line)-2:]), '='); i >= 0 {
			keep := len(line) - 2 + i
			rest := append([]byte(nil), line[keep:]...)
			more, _ := d.br.Peek(3)
			line = append(append([]byte(nil), line[:keep]...), rest...)
			line = append(line, more...)
			_, _ = d.br.Discard(len(more))
		}
	}
	d.buf = decodeQP(d.buf[:0], line)
	d.out = d.buf
}

// decodeQP appends the decoded line to dst. It removes trailing blanks; an = at the end joins the line with the next
// (RFC 2045, 6.7).
func decodeQP(dst, line []byte) []byte {
	text := line
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	eol := line[len(text):]
	dst = slices.Grow(dst, len(line))
	if len(eol) > 0 {
		for len(text) > 0 && (text[len(text)-1] == ' ' || text[len(text)-1] == '\t') {
			text = text[:len(text)-1]
		}
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '=' {
			dst = append(dst, text[i])
			continue
		}
		if i == len(text)-1 {
			return dst
		}
		if i+2 < len(text) {
			if b, ok := hexByte(text[i+1], text[i+2]); ok {
				dst = append(dst, b)
				i += 2
				continue
			}
		}
		dst = append(dst, '=')
	}
	return append(dst, eol...)
}
