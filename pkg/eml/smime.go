package eml

import (
	"bytes"
	"io"
	"strings"

	"helpdesk/pkg/desk"
)

// openSigned reads an opaque S/MIME container and replaces it by its signed content. If it cannot be opened, it remains
// an attachment. The signature is not verified.
func (w *walker) openSigned(r io.Reader, pt part, smimeType string) {
	n, kept, size, sum := w.content(r, maxOpened)
	inner, signed := signedContent(kept)
	if !signed || size > int64(len(kept)) || !isField(firstLine(inner)) || pt.p.depth >= maxDepth {
		switch {
		case strings.Contains(smimeType, "enveloped"), encryptedContent(kept):
			w.degrade(desk.DegradedEncrypted)
		case strings.Contains(smimeType, "certs"):
		default:
			w.degrade(desk.DegradedSMIME)
		}
		w.addAttachment(pt, n, size, sum)
		return
	}
	w.sum("signed", sum)
	outer := w.src
	w.src = newBytes(inner)
	h := w.src.header(false)
	h.repair()
	p := pt.p
	p.depth++
	p.parent, p.index = "", 0
	w.entity(&h, p)
	w.src = outer
}

func firstLine(b []byte) []byte {
	b = bytes.TrimLeft(b, "\r\n")
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i]
	}
	return b
}

// The object identifiers of RFC 5652, without tag and length.
const (
	oidSigned    = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	oidEnveloped = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
)

// signedContent returns the content of a SignedData (RFC 5652, 5.1). encoding/asn1 does not suffice: it reads only DER,
// and most mail programs send BER with indefinite lengths.
func signedContent(b []byte) (content []byte, ok bool) {
	body, ok := contentInfo(b, oidSigned)
	if !ok {
		return nil, false
	}
	signed := children(body)
	if len(signed) < 3 {
		return nil, false
	}
	encap := children(signed[2].content)
	if len(encap) < 2 || encap[1].tag != 0xa0 {
		return nil, false
	}
	octets := children(encap[1].content)
	if len(octets) == 0 {
		return nil, false
	}
	return octetString(nil, octets[0], 0), true
}

func encryptedContent(b []byte) bool {
	_, ok := contentInfo(b, oidEnveloped)
	return ok
}

// contentInfo parses ContentInfo{contentType, [0] EXPLICIT content} and returns the elements of the content.
func contentInfo(b []byte, oid string) ([]byte, bool) {
	outer := children(b)
	if len(outer) == 0 || outer[0].tag != 0x30 {
		return nil, false
	}
	info := children(outer[0].content)
	if len(info) < 2 || string(info[0].content) != oid {
		return nil, false
	}
	explicit := children(info[1].content)
	if len(explicit) == 0 {
		return nil, false
	}
	return explicit[0].content, true
}

// octetString appends the bytes of an OCTET STRING, which may be split into pieces.
func octetString(dst []byte, v value, depth int) []byte {
	if v.tag&0x20 == 0 {
		return append(dst, v.content...)
	}
	if depth > 10 {
		return dst
	}
	for rest := v.content; len(rest) > 0; {
		var piece value
		var ok bool
		if piece, rest, ok = nextValue(rest, 0); !ok {
			break
		}
		dst = octetString(dst, piece, depth+1)
	}
	return dst
}

// value is one BER value.
type value struct {
	tag     byte
	content []byte
}

// children returns the first values in b, as many as this package needs.
func children(b []byte) []value {
	var list []value
	for len(b) > 0 && len(list) < 8 {
		v, rest, ok := nextValue(b, 0)
		if !ok {
			break
		}
		list = append(list, v)
		b = rest
	}
	return list
}

// nextValue parses the first BER value (X.690). depth counts nested indefinite lengths.
func nextValue(b []byte, depth int) (v value, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f || depth > 20 {
		return v, nil, false
	}
	v.tag = b[0]
	n, b := int(b[1]), b[2:]
	switch {
	case n == 0x80:
		return indefinite(v, b, depth)
	case n > 0x80:
		k := n & 0x7f
		if k > 4 || k > len(b) {
			return v, nil, false
		}
		n = 0
		for _, c := range b[:k] {
			n = n<<8 | int(c)
		}
		b = b[k:]
	}
	if n < 0 || n > len(b) {
		return v, nil, false
	}
	v.content = b[:n]
	return v, b[n:], true
}

// indefinite finds the end of a value with indefinite length: two zero bytes at its level.
func indefinite(v value, b []byte, depth int) (value, []byte, bool) {
	for rest := b; ; {
		if len(rest) >= 2 && rest[0] == 0 && rest[1] == 0 {
			v.content = b[:len(b)-len(rest)]
			return v, rest[2:], true
		}
		var ok bool
		if _, rest, ok = nextValue(rest, depth+1); !ok {
			return v, nil, false
		}
	}
}
