package eml

import (
	"strings"
	"unicode/utf8"
)

// mapRare is strings.Map for valid UTF-8, optimized for a mapping that changes only control characters, invisible
// characters and line separators.
func mapRare(mapping func(rune) rune, s string) string {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 0x20 && c < 0x7f, c > 0x7f && c != 0xc2 && c != 0xd8 && c != 0xe2 &&
			c != 0xef: // not the first byte of such a character
		default:
			if r, _ := utf8.DecodeRuneInString(s[i:]); mapping(r) != r {
				return strings.Map(mapping, s)
			}
		}
	}
	return s
}
