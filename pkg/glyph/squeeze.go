package glyph

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Squeeze returns s with every run of blanks replaced by a single space, and trimmed. Most lines need no change.
func Squeeze(s string) string {
	s = strings.TrimSpace(s)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' && s[i+1] == ' ', c >= '\t' && c <= '\r':
			return strings.Join(strings.Fields(s), " ")
		case c == 0xc2, c >= 0xe1 && c <= 0xe3: // the first bytes of non-ASCII blanks
			if r, _ := utf8.DecodeRuneInString(s[i:]); unicode.IsSpace(r) {
				return strings.Join(strings.Fields(s), " ")
			}
		}
	}
	return s
}
