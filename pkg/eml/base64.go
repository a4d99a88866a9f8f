package eml

import (
	"io"
	"slices"
)

// base64Reader decodes base64, skips other characters, and starts anew after padding.
type base64Reader struct {
	decoded
	base64Decoder
	src io.Reader
	in  [4096]byte
	buf []byte
}

// reset makes it read from src.
func (d *base64Reader) reset(src io.Reader) {
	d.decoded, d.base64Decoder, d.src = decoded{}, base64Decoder{}, src
}

func (d *base64Reader) Read(p []byte) (int, error) { return d.read(p, d.fill) }

func (d *base64Reader) fill() {
	n, err := d.src.Read(d.in[:])
	d.buf = d.decode(d.buf[:0], d.in[:n])
	if err != nil {
		d.buf = d.flush(d.buf)
		d.err = err
	}
	d.out = d.buf
}

// base64Decoder keeps the letters of an incomplete group.
type base64Decoder struct {
	acc  uint32
	have uint // number of letters in acc
}

// decode appends the decoded bytes of in to dst.
func (d *base64Decoder) decode(dst, in []byte) []byte {
	dst = slices.Grow(dst, len(in)/4*3+3)
	for i := 0; i < len(in); i++ {
		if d.have == 0 {
			var n int
			dst, n = groups(dst, in[i:])
			if i += n; i == len(in) {
				break
			}
		}
		c := in[i]
		if c == '=' {
			dst = d.flush(dst)
			continue
		}
		v := base64Values[c]
		if v == 0xff {
			continue
		}
		d.acc = d.acc<<6 | uint32(v)
		if d.have++; d.have == 4 {
			dst = append(dst, byte(d.acc>>16), byte(d.acc>>8), byte(d.acc))
			d.acc, d.have = 0, 0
		}
	}
	return dst
}

// groups decodes the complete groups of four letters at the beginning of in and returns their length. Nearly all base64
// consists of them.
func groups(dst, in []byte) (_ []byte, n int) {
	for ; n+4 <= len(in); n += 4 {
		g := in[n : n+4 : n+4]
		a, b, c, e := base64Values[g[0]], base64Values[g[1]], base64Values[g[2]], base64Values[g[3]]
		if a|b|c|e >= 0x80 { // only a non-letter has the highest bit
			break
		}
		dst = append(dst, a<<2|b>>4, b<<4|c>>2, c<<6|e)
	}
	return dst, n
}

// flush appends the bytes of an incomplete last group.
func (d *base64Decoder) flush(dst []byte) []byte {
	switch d.have {
	case 2:
		dst = append(dst, byte(d.acc>>4))
	case 3:
		dst = append(dst, byte(d.acc>>10), byte(d.acc>>2))
	}
	d.acc, d.have = 0, 0
	return dst
}

// base64Values are the values of the letters (RFC 4648, 4); 0xff = not a letter.
var base64Values = func() (v [256]byte) {
	for i := range v {
		v[i] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		v[c] = byte(i)
	}
	return v
}()
