package bitrix

import (
	"encoding/base64"
	"encoding/binary"
	"io"
	"math/bits"
	"sync"
)

// payload is the body of a request, which can be sent several times. The files in it are encoded while it is sent, so
// memory never contains their base64.
type payload struct {
	pieces []piece
	size   int64 // of the whole body, in bytes
}

// piece is either text, which is sent as it is, or a file, which is sent as base64 in a query.
type piece struct{ text, file []byte }

// onlyText returns the payload of a text.
func onlyText(text []byte) payload { return payload{[]piece{{text: text}}, int64(len(text))} }

// add appends a text and then a file.
func (p *payload) add(text, file []byte) {
	p.pieces = append(p.pieces, piece{text: text}, piece{file: file})
	p.size += int64(len(text) + base64Size(file))
}

// open returns a new reader from the beginning.
func (p payload) open() io.ReadCloser { return io.NopCloser(&payloadReader{pieces: p.pieces}) }

// payloadReader reads a payload.
type payloadReader struct {
	pieces []piece // not read yet
	taken  int     // bytes of the first piece that have been read or encoded
	ready  []byte  // encoded bytes
	some   [8 << 10]byte
}

// Read implements io.Reader. It fills p, because each Read becomes a write to the connection.
func (r *payloadReader) Read(p []byte) (n int, err error) {
	for n < len(p) && len(r.pieces) > 0 {
		if len(r.ready) == 0 {
			r.encode()
		}
		m := copy(p[n:], r.ready)
		r.ready = r.ready[m:]
		n += m
		if first := r.pieces[0]; len(r.ready) == 0 && r.taken == len(first.text)+len(first.file) {
			r.pieces, r.taken = r.pieces[1:], 0
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// encode makes more bytes of the first piece ready.
func (r *payloadReader) encode() {
	if text := r.pieces[0].text; len(text) > 0 {
		r.ready, r.taken = text, len(text)
		return
	}
	rest := r.pieces[0].file[r.taken:]
	rest = rest[:min(len(rest), len(r.some)/16*3)]
	r.ready, r.taken = encodeBase64(r.some[:], rest), r.taken+len(rest)
}

// quanta are the base64 of every twelve bits, escaped for a query: at most six bytes of text, and their number in the
// last byte.
var quanta = sync.OnceValue(func() *[1 << 12]uint64 {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var all [1 << 12]uint64
	for i := range all {
		var b [8]byte
		text := appendEscaped(b[:0], []byte{alphabet[i>>6], alphabet[i&63]})
		b[7] = byte(len(text))
		all[i] = binary.LittleEndian.Uint64(b[:])
	}
	return &all
})

// encodeBase64 writes the base64 of b, escaped for a query, to dst and returns what it wrote. It needs 16 bytes of dst
// for every three of b.
func encodeBase64(dst, b []byte) []byte {
	all, n := quanta(), 0
	for ; len(b) >= 8; b = b[6:] {
		v := binary.BigEndian.Uint64(b)
		one, two, three, four := all[v>>52], all[v>>40&0xfff], all[v>>28&0xfff], all[v>>16&0xfff]
		room := dst[n : n+32]
		binary.LittleEndian.PutUint64(room, one)
		at := one >> 56
		binary.LittleEndian.PutUint64(room[at&7:], two)
		at += two >> 56
		binary.LittleEndian.PutUint64(room[at&15:], three)
		at += three >> 56
		binary.LittleEndian.PutUint64(room[at&31:], four)
		n += int(at + four>>56)
	}
	return appendLast(dst[:n], b)
}

// base64Size returns the number of bytes that encodeBase64 writes for b: four letters for every three bytes, and two
// bytes more for each letter that is escaped. The values of these letters, 62 and 63, have their five highest bits set.
func base64Size(b []byte) (n int) {
	const each = 0x041041041041 // the lowest bit of each of eight letters
	for ; len(b) >= 8; b = b[6:] {
		v := binary.BigEndian.Uint64(b) >> 16
		n += 8 + 2*bits.OnesCount64(v>>1&(v>>2)&(v>>3)&(v>>4)&(v>>5)&each)
	}
	return n + len(appendLast(nil, b))
}

// appendLast appends the last bytes of a piece, fewer than eight.
func appendLast(dst, b []byte) []byte {
	return appendEscaped(dst, base64.StdEncoding.AppendEncode(make([]byte, 0, 12), b))
}
