// Package markup turns text from one dialect into another: the HTML of customers' letters into plain text and the
// portal's BBCode, and the portal's BBCode into safe HTML and plain text for our letters.
//
// It is no HTML parser and no sanitizer of foreign HTML: what it writes is built up from text, never let through. It
// knows nothing of mail, files or settings. Every function is total, its output is valid UTF-8, and its time is linear
// in the input.
package markup

import (
	"strings"
	"unicode/utf8"
)

// Text returns the HTML of a letter as Page.Text does.
func Text(html string) string { return Parse(html).Text() }

// clean removes what the portal's JSON and XML parsers refuse: invalid UTF-8, control characters but tab and newline,
// and the two noncharacters XML forbids. Line ends become newlines.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\r':
			if !strings.HasPrefix(s[i+1:], "\n") {
				b.WriteByte('\n')
			}
		case r == utf8.RuneError && n == 1, unwanted(r):
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func isClean(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; { // by the bytes that what is unwanted begins with: most texts hold nothing of it
		case c < ' ' && c != '\n' && c != '\t', c == 0x7f:
			return false
		case c == 0xc2, c == 0xef:
			if r, _ := utf8.DecodeRuneInString(s[i:]); unwanted(r) {
				return false
			}
		}
	}
	return utf8.ValidString(s)
}

func unwanted(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff
}
