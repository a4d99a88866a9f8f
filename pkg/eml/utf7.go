package eml

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeUTF7 decodes RFC 2152 text; 8-bit bytes in it are taken for what they look like.
func decodeUTF7(b []byte) (s string, clean bool) {
	if !isASCII(b) {
		return toUTF8(b, "")
	}
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		if b[i] != '+' {
			out.WriteByte(b[i])
			continue
		}
		if i+1 < len(b) && b[i+1] == '-' {
			out.WriteByte('+')
			i++
			continue
		}
		j := i + 1
		for j < len(b) && base64Value(b[j]) >= 0 {
			j++
		}
		if j == i+1 {
			out.WriteByte('+')
			continue
		}
		out.WriteString(wideBase64(b[i+1 : j]))
		if j < len(b) && b[j] == '-' {
			j++
		}
		i = j - 1
	}
	s = out.String()
	return s, !strings.ContainsRune(s, utf8.RuneError)
}

func wideBase64(b []byte) string {
	var units []uint16
	acc, bits := uint32(0), 0
	for _, c := range b {
		acc = acc<<6 | uint32(base64Value(c))
		if bits += 6; bits >= 16 {
			bits -= 16
			units = append(units, uint16(acc>>bits))
		}
	}
	return string(utf16.Decode(units))
}
