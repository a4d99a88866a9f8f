package eml

import (
	"bytes"
	"html"
)

// longestEscape bounds escapes such as &#x2B;, in bytes.
const longestEscape = 10

// picture is a picture embedded in a page as a data: address.
type picture struct {
	w      *walker
	typ    string
	id     string
	n      int  // its number in the message; noPart = over the limit
	base64 bool // false = percent-encoded
	esc    []byte
	dec    base64Decoder
	buf    []byte
	sum    digest
	size   int64
}

// newPicture numbers the next picture.
func (w *walker) newPicture(typ string, base64 bool) *picture {
	p := &picture{w: w, typ: typ, base64: base64, n: noPart, sum: newDigest()}
	if w.drawn++; w.drawn > maxPictures {
		return p
	}
	p.n = w.next
	w.next++
	w.found = w.found || p.n == w.want
	return p
}

func (p *picture) hash() string { return p.sum.hex() }

func (p *picture) extension() string {
	if ext, ok := extensions[p.typ]; ok {
		return ext
	}
	return "bin"
}

// add decodes a piece: first HTML and percent escapes, then base64.
func (p *picture) add(b []byte) {
	if p.n == noPart {
		return
	}
	if len(p.esc) > 0 || bytes.ContainsAny(b, "&%") {
		b = p.unescape(b)
	}
	if !p.base64 {
		p.write(b)
		return
	}
	p.buf = p.dec.decode(p.buf[:0], b)
	p.write(p.buf)
}

// end decodes the incomplete rest.
func (p *picture) end() {
	if p.base64 {
		p.write(p.dec.flush(p.buf[:0]))
		return
	}
	p.write(p.esc)
}

func (p *picture) write(b []byte) {
	p.sum.Write(b) // it never fails
	p.size += int64(len(b))
	if p.n == p.w.want && p.n != noPart {
		p.w.send(b)
	}
}

func (p *picture) unescape(b []byte) []byte {
	out := make([]byte, 0, len(p.esc)+len(b))
	for _, x := range b {
		if len(p.esc) > 0 && (x == '&' || x == '%') { // the pending bytes are not an escape
			out = append(out, p.esc...)
			p.esc = p.esc[:0]
		}
		if len(p.esc) == 0 && x != '&' && x != '%' {
			out = append(out, x)
			continue
		}
		p.esc = append(p.esc, x)
		out = p.whole(out)
	}
	return out
}

// whole appends the decoded escape if it is complete, or its bytes if it is invalid.
func (p *picture) whole(out []byte) []byte {
	n := len(p.esc)
	switch {
	case p.esc[0] == '%' && n < 3, p.esc[0] == '&' && p.esc[n-1] != ';' && n < longestEscape:
		return out
	case p.esc[0] == '%':
		if x, ok := hexByte(p.esc[1], p.esc[2]); ok {
			out = append(out, x)
			break
		}
		out = append(out, p.esc...)
	default:
		out = append(out, html.UnescapeString(string(p.esc))...)
	}
	p.esc = p.esc[:0]
	return out
}
