package eml

import (
	"strings"
	"unicode/utf8"
)

// mapRare is strings.Map for valid UTF-8, optimized for a mapping that changes only control characters, invisible
// characters and line separators.
func mapRare(mapping func(rune) rune, s string) string {
	for i := range len(s) {
		if beginsRare[s[i]] {
			if r, _ := utf8.DecodeRuneInString(s[i:]); mapping(r) != r {
				return strings.Map(mapping, s)
			}
		}
	}
	return s
}

// beginsRare are the first bytes of such characters.
var beginsRare = func() (set [256]bool) {
	for c := range 0x20 {
		set[c] = true
	}
	for _, c := range []byte{0x7f, 0xc2, 0xd8, 0xe2, 0xef} {
		set[c] = true
	}
	return set
}()
