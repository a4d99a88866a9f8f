package charset

import (
	"encoding/base64"
	"encoding/binary"
	"unicode/utf16"
)

// appendUTF7 decodes UTF-7 (RFC 2152). Text with 8-bit bytes is decoded as if it had no label.
func appendUTF7(dst, b []byte) (text []byte, clean bool) {
	if !IsASCII(b) {
		return Append(dst, b, "")
	}
	text = dst
	for i := 0; i < len(b); i++ {
		if b[i] != '+' {
			text = append(text, b[i])
			continue
		}
		if i+1 < len(b) && b[i+1] == '-' {
			text = append(text, '+')
			i++
			continue
		}
		j := i + 1
		for j < len(b) && isBase64(b[j]) {
			j++
		}
		if j == i+1 {
			text = append(text, '+')
			continue
		}
		text = append(text, wideBase64(b[i+1:j])...)
		if j < len(b) && b[j] == '-' {
			j++
		}
		i = j - 1
	}
	return text, isClean(text[len(dst):])
}

func isBase64(c byte) bool { return c == '+' || c == '/' || c >= '0' && c <= '9' || isLetter(c) }

// wideBase64 decodes unpadded base64 of UTF-16 and drops the bits of an incomplete unit.
func wideBase64(b []byte) string {
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(b)))
	n, _ := base64.RawStdEncoding.Decode(raw, b)
	units := make([]uint16, 0, n/2)
	for i := 0; i+1 < n; i += 2 {
		units = append(units, binary.BigEndian.Uint16(raw[i:]))
	}
	return string(utf16.Decode(units))
}
