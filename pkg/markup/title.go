package markup

import (
	"strings"
	"unicode"
)

const ellipsis = '…'

// Title returns s on one line, cut to at most max characters. If it cuts, the last one is an ellipsis. It does not
// separate a letter from its accents or split a joined emoji or a flag.
func Title(s string, max int) string {
	runes := []rune(strings.Join(strings.Fields(clean(s)), " "))
	if len(runes) <= max {
		return string(runes)
	}
	if max <= 0 {
		return ""
	}
	cut := max - 1
	for cut > 0 && joins(runes, cut) {
		cut--
	}
	for cut > 0 && runes[cut-1] == ' ' {
		cut--
	}
	return string(append(runes[:cut:cut], ellipsis))
}

// joins reports whether the rune at i belongs to the rune before it (the common cases of UAX 29).
func joins(runes []rune, i int) bool {
	r, before := runes[i], runes[i-1]
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc), r == 0x200d, before == 0x200d, r >= 0x1f3fb && r <= 0x1f3ff:
		return true
	case isRegional(r) && isRegional(before):
		n := 0
		for i-1-n >= 0 && isRegional(runes[i-1-n]) {
			n++
		}
		return n%2 == 1
	}
	return false
}

func isRegional(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }
