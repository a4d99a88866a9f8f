// Package markup converts the HTML of customers' letters to plain text and the portal's BBCode, and that BBCode to safe
// HTML and plain text for our letters. It is not an HTML parser or a sanitizer of foreign HTML: it builds its output
// from text and copies no foreign tags. It knows nothing of mail, files or settings.
//
// Every function accepts any input, returns valid UTF-8, and runs in linear time.
package markup

import (
	"strings"
	"unicode/utf8"

	"helpdesk/pkg/tags"
)

// Text returns the HTML of a letter as plain text, see Page.Text.
func Text(html string) string { return Parse(tags.Read(html)).Text() }

// clean removes what the portal's JSON and XML parsers refuse: invalid UTF-8, control characters except tab and
// newline, and the two noncharacters that XML forbids. All line ends become newlines.
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
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c >= ' ' && c < 0x7f, c == '\n', c == '\t':
			i++
		case c&^1 == 0xd0 && i+1 < len(s) && s[i+1]&0xc0 == 0x80: // most Cyrillic letters
			i += 2
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if n == 1 || unwanted(r) {
				return false
			}
			i += n
		}
	}
	return true
}

func unwanted(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff
}
