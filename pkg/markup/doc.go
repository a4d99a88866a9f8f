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
	for i := range len(s) {
		if beginsUnwanted[s[i]] {
			if r, _ := utf8.DecodeRuneInString(s[i:]); r == '\r' || unwanted(r) {
				return false
			}
		}
	}
	return utf8.ValidString(s)
}

// beginsUnwanted are the first bytes of what clean removes. Most texts have none of them.
var beginsUnwanted = func() (set [256]bool) {
	for c := range 0x20 {
		set[c] = c != '\n' && c != '\t'
	}
	set[0x7f], set[0xc2], set[0xef] = true, true, true
	return set
}()

func unwanted(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff
}
