package eml

import (
	"encoding/binary"
	"io"
	"slices"
)

// base64Reader decodes base64, skips other characters, and starts anew after padding.
type base64Reader struct {
	decoded
	base64Decoder
	src io.Reader
	in  [4 << 10]byte
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
	dst = slices.Grow(dst, len(in)/4*3+3+8)
	for i := 0; i < len(in); i++ {
		if d.have == 0 && base64Values[in[i]] != 0xff { // not at the end of a line
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
// consists of them. dst has room for them and for eight bytes more.
func groups(dst, in []byte) (_ []byte, n int) {
	t, end := &base64Groups, len(dst)
	room := dst[end:cap(dst)]
	at := 0
	for ; n+8 <= len(in); n, at = n+8, at+6 {
		g := in[n : n+8 : n+8]
		a := t[0][g[0]] | t[1][g[1]] | t[2][g[2]] | t[3][g[3]]
		b := t[0][g[4]] | t[1][g[5]] | t[2][g[6]] | t[3][g[7]]
		if a|b > 1<<24-1 {
			break
		}
		binary.BigEndian.PutUint64(room[at:], uint64(a)<<40|uint64(b)<<16)
	}
	for ; n+4 <= len(in); n, at = n+4, at+3 {
		g := in[n : n+4 : n+4]
		a := t[0][g[0]] | t[1][g[1]] | t[2][g[2]] | t[3][g[3]]
		if a > 1<<24-1 {
			break
		}
		binary.BigEndian.PutUint32(room[at:], a<<8)
	}
	return dst[:end+at], n
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

// base64Groups are the values of the letters in each place of a group, shifted to that place; 1<<24 = not a letter.
var base64Groups = func() (t [4][256]uint32) {
	for i := range t {
		for c, v := range base64Values {
			if t[i][c] = 1 << 24; v != 0xff {
				t[i][c] = uint32(v) << (18 - 6*i)
			}
		}
	}
	return t
}()
