package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostQuotes bounds the quote signs before a line.
const mostQuotes = 8

// writer writes text with collapsed spaces and at most one blank line in a row. Tags and newlines remain pending until
// there is text to write, so that empty elements leave no trace.
type writer struct {
	out strings.Builder
	due []mark // open tags, written or pending

	nl     int  // pending newlines
	sp     bool // a space is pending
	fresh  bool // nothing on this line yet
	blank  bool // but the line counts as a blank line
	start  bool // nothing in this element yet: newlines and spaces are dropped
	bol    bool // the output is at the beginning of a line
	flat   int  // > 0: line ends become spaces
	quote  int  // quote signs before a line
	quoted int  // quote signs before the last written line
	indent int  // spaces before a line
	bullet string
}

func newWriter() *writer { return &writer{fresh: true, start: true, bol: true} }

func (w *writer) finish() string {
	return strings.TrimRight(w.out.String(), " \n")
}

// gap writes the pending newlines or space.
func (w *writer) gap() {
	w.newlines(w.nl)
	if w.sp && !w.bol && !w.start {
		w.out.WriteByte(' ')
	}
	w.nl, w.sp = 0, false
}

func (w *writer) newlines(n int) {
	if w.out.Len() == 0 {
		return
	}
	for i := range n {
		if i > 0 && min(w.quote, w.quoted) > 0 {
			w.out.WriteString(strings.TrimRight(strings.Repeat("> ", min(w.quote, w.quoted, mostQuotes)), " "))
		}
		if i > 0 || !w.bol {
			w.out.WriteByte('\n')
		}
		w.bol = true
	}
}

// put writes s unchanged, after everything pending.
func (w *writer) put(s string) {
	w.force()
	w.gap()
	if w.bol {
		w.out.WriteString(strings.Repeat("> ", min(w.quote, mostQuotes)))
		w.quoted = w.quote
		w.out.WriteString(strings.Repeat(" ", w.indent-len(w.bullet)) + w.bullet)
		w.bullet = ""
	}
	w.out.WriteString(s)
	w.bol, w.fresh, w.blank, w.start = false, false, false, false
}

// text writes s with collapsed spaces.
func (w *writer) text(s string) {
	for s != "" {
		i := wordsEnd(s)
		if i > 0 && !invisible(s[:i]) {
			w.put(s[:i])
		}
		s = s[i:]
		for {
			i, r := nextBlank(s)
			if i > 0 || r == 0 {
				break
			}
			s = s[utf8.RuneLen(r):]
			w.sp = true
			if r == '\u00a0' && w.fresh {
				w.blank = true
			}
		}
	}
}

// wordsEnd returns the length of the words at the beginning of s that need no change: single spaces separate them, and
// all are visible.
func wordsEnd(s string) int {
	i, _ := nextBlank(s)
	for i > 0 && i+1 < len(s) && s[i] == ' ' && beginsWord(s[0]) && beginsWord(s[i+1]) {
		n, _ := nextBlank(s[i+1:])
		i += 1 + n
	}
	return i
}

// beginsWord reports whether a byte begins a visible character: of ASCII, or Cyrillic.
func beginsWord(c byte) bool { return c > ' ' && c < 0x7f || c&^1 == 0xd0 }

// nextBlank returns the position and value of the first blank in s, or the length of s and 0.
func nextBlank(s string) (int, rune) {
	for i := range len(s) {
		if beginsBlank[s[i]] {
			if r, _ := utf8.DecodeRuneInString(s[i:]); unicode.IsSpace(r) {
				return i, r
			}
		}
	}
	return len(s), 0
}

// beginsBlank are the first bytes of blanks.
var beginsBlank = func() (set [256]bool) {
	for _, c := range []byte("\t\n\v\f\r \xc2\xe1\xe2\xe3") {
		set[c] = true
	}
	return set
}()

// visible counts the characters of s that are not blanks.
func visible(s string) (n int) {
	for i := range len(s) {
		if utf8.RuneStart(s[i]) {
			n++
		}
		if beginsBlank[s[i]] {
			if r, _ := utf8.DecodeRuneInString(s[i:]); unicode.IsSpace(r) {
				n--
			}
		}
	}
	return n
}

// invisible reports whether a word consists only of the characters with which newsletters fill the preview line.
func invisible(word string) bool {
	switch word[0] {
	case 0xc2, 0xcd, 0xe2, 0xef: // first bytes of these characters
	default:
		return false
	}
	return strings.Trim(word, "\u00ad\u034f\u200b\u200c\u200d\u200e\u200f\u2060\ufeff") == ""
}

// raw writes s with its spaces and line ends.
func (w *writer) raw(s string) {
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			w.brk()
		}
		if strings.TrimSpace(line) != "" {
			w.put(line)
		} else if line != "" {
			w.text(line)
		}
	}
}

// brk ends the line, or writes a blank one.
func (w *writer) brk() {
	switch {
	case w.flat > 0:
		w.sp = true
	case w.start:
	case w.fresh:
		w.nl = 2
	default:
		w.nl, w.fresh = max(w.nl, 1), true
	}
	w.blank = false
}

// line makes the following text begin on a new line.
func (w *writer) line() {
	if w.blank || !w.fresh || w.flat > 0 {
		w.brk()
	}
	if w.flat == 0 {
		w.sp = false
	}
}

// para makes the following text begin after a blank line.
func (w *writer) para() {
	w.line()
	if w.flat == 0 && !w.start {
		w.nl = 2
	}
}
