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

// Text returns the HTML of a letter as plain text: paragraphs, lists, tables with their cells apart, links as
// "text (url)"; no styles, scripts, hidden text or tracking pictures.
func Text(html string) string {
	w := newWriter()
	root := parseHTML(html)
	(&walker{w: w, pre: isBare(root)}).kids(root)
	return w.finish()
}

// BBCode returns the HTML of a letter in the portal's markup. Brackets and number signs of the writer's own text are
// escaped as in Escape; pictures become their names.
func BBCode(html string) string {
	w := newWriter()
	root := parseHTML(html)
	(&walker{w: w, bb: true, pre: isBare(root)}).kids(root)
	return escape(w.finish())
}

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
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r == '\r' || unwanted(r) {
			return false
		}
	}
	return true
}

func unwanted(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff
}
