// Package glyph makes foreign text fit for a place: a single line, a few characters, a file name. It changes characters
// only and does not interpret the text.
package glyph

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s as one line. Each run of blanks, line ends and control characters becomes a single space, and leading
// and trailing ones are removed. Invisible characters are removed, and invalid UTF-8 becomes U+FFFD.
func Line(s string) string {
	if isLine(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	blank := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r), r < 0x20, r == 0x7f, r == 0x2028, r == 0x2029:
			blank = b.Len() > 0
			continue
		case Invisible(r):
			continue
		case blank:
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isLine reports whether Line would return s unchanged, as for most texts.
func isLine(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	blank := true // a leading or second blank would be removed
	for _, r := range s {
		switch {
		case r == ' ' && !blank:
			blank = true
			continue
		case unicode.IsSpace(r), r < 0x20, r == 0x7f, r == 0x2028, r == 0x2029, Invisible(r):
			return false
		}
		blank = false
	}
	return s == "" || !blank
}

// Invisible reports whether r is a control character that reverses or hides text. Such characters can disguise the
// names of files and people.
func Invisible(r rune) bool {
	return r >= 0x80 && r <= 0x9f && r != 0x85 || r == 0x061c || r == 0x200e || r == 0x200f ||
		r >= 0x202a && r <= 0x202e ||
		r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}

// Cut returns at most n characters of s. If it cuts, the last one is an ellipsis. It does not separate a letter from
// its combining marks.
func Cut(s string, n int) string {
	if len(s) <= n || n <= 0 {
		return s[:min(len(s), max(n, 0))]
	}
	rs := make([]rune, 0, n+1)
	for _, r := range s {
		if rs = append(rs, r); len(rs) > n {
			break
		}
	}
	if len(rs) <= n {
		return s
	}
	end := n - 1
	for end > 0 && joined(rs[end-1], rs[end]) {
		end--
	}
	return strings.TrimRight(string(rs[:end]), " ") + "…"
}

// joined reports whether b belongs to the character a before it: b is a combining mark, a variation selector or part of
// a joined emoji.
func joined(a, b rune) bool {
	const zwj = '\u200d'
	return unicode.Is(unicode.M, b) || a == zwj || b == zwj || b >= 0x1F3FB && b <= 0x1F3FF
}

// BadByte returns the offset of the first NUL or invalid UTF-8 byte, or -1.
func BadByte(raw []byte) int {
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n == 1 || r == 0 {
			return i
		}
		i += n
	}
	return -1
}
