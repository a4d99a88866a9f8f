package quote

import (
	"slices"
	"strings"
)

// Limits of signatures, in non-blank lines: below a delimiter, and below a line of dashes.
const (
	maxSigned   = 15
	maxSoft     = 4
	maxSoftLine = 120 // bytes
)

// cutEnd removes signatures, and quotes without an answer below them, from the end.
func (t *cutting) cutEnd() {
	t.cutTail()
	if !t.cutSigned() {
		t.cutSoft()
	}
	t.cutTail()
}

// cutTail removes from the end the lines that programs append, and quotes that the writer does not announce.
func (t *cutting) cutTail() {
	for {
		end := t.tail(t.end)
		quotes := end
		for quotes > 0 && (t.kind[quotes-1] == lineQuote || t.kind[quotes-1] == lineBlank) {
			quotes--
		}
		if quotes < end && t.ownWords(quotes) && !t.announced(quotes) {
			end = quotes
		}
		if end == t.end || t.wordsBefore(end) == 0 {
			return
		}
		t.cutFrom(end)
	}
}

// tail returns the start of the lines before line end that have no meaning at this place. A line of dashes is kept if
// there is another one above it: together they frame a table or the like.
func (t *cutting) tail(end int) int {
	first, dashes, program := end, false, false
	for ; first > 0; first-- {
		switch kind := t.kind[first-1]; {
		case kind == lineBlank, t.gone[first-1]:
		case kind == lineSignature, kind == lineSpan:
			program = true
		case isDashes(kind):
			dashes = true
		default:
			if dashes && !program && t.dashed(first) {
				return end
			}
			return first
		}
	}
	return first
}

func isDashes(kind int) bool {
	return kind == lineDecoration || kind == lineDelimiter || kind == lineDash
}

// dashed reports whether there is a line of dashes above line i.
func (t *cutting) dashed(i int) bool {
	for k := range i {
		if isDashes(t.kind[k]) && !t.gone[k] {
			return true
		}
	}
	return false
}

// cutSigned removes the signature below a delimiter, up to the next quote, and reports whether there is one.
func (t *cutting) cutSigned() bool {
	for i := t.firstWords() + 1; i < t.end; i++ {
		if !t.delimits(i) {
			continue
		}
		to, ok := t.signature(i)
		switch {
		case !ok:
			return false
		case to == t.end:
			t.sign(i, len(t.lines))
			t.cutFrom(i)
		default:
			t.sign(i, to)
			t.drop(i, to)
		}
		return true
	}
	return false
}

func (t *cutting) delimits(i int) bool {
	return (t.kind[i] == lineDelimiter || t.kind[i] == lineDash) && !t.gone[i]
}

// signature reports whether the delimiter at line i begins a signature, and where it ends. Several delimiters separate
// the sections of a letter instead.
func (t *cutting) signature(i int) (to int, ok bool) {
	for k := i + 1; k < t.end; k++ {
		if t.delimits(k) {
			return 0, false
		}
	}
	to = i + 1
	for to < t.end && t.kind[to] != lineQuote && t.kind[to] != lineIntro && t.kind[to] != lineSpan {
		to++
	}
	return to, t.signs(i+1, to, maxSigned) && (t.kind[i] == lineDelimiter || t.looksSigned(i+1, to))
}

// signs reports whether the lines can be a signature: they are few and contain no question.
func (t *cutting) signs(from, to, most int) bool {
	n := 0
	for i := from; i < to && n <= most; i++ {
		if t.kind[i] == lineBlank {
			continue
		}
		n++
		line := strings.TrimSpace(t.lines[i])
		if strings.HasSuffix(line, "?") || strings.Contains(line, "? ") {
			return false
		}
	}
	return n > 0 && n <= most
}

// looksSigned reports whether the lines contain something that only signatures have.
func (t *cutting) looksSigned(from, to int) bool {
	contacts := 0
	for _, line := range t.lines[from:to] {
		line = strings.TrimSpace(line)
		switch {
		case len(line) > maxLine:
		case fits(t.c.closings, line):
			return true
		case fits(t.c.contacts, line):
			contacts++
		}
	}
	return contacts >= 2
}

// cutSoft removes a signature below a line of dashes near the end. Text between two such lines, or below a title or a
// colon, is not a signature.
func (t *cutting) cutSoft() {
	at, words := -1, 0
	for i := t.end - 1; i > 0 && words <= maxSoft; i-- {
		switch {
		case t.kind[i] == lineDecoration && words > 0:
			at, words = i, maxSoft+1
		case t.kind[i] == lineText && len(t.lines[i]) > maxSoftLine:
			return
		case t.kind[i] == lineText:
			words++
		}
	}
	if at < 0 || !t.ownWords(at) || t.dashed(at) || slices.Contains(t.kind[at+1:t.end], lineDecoration) {
		return
	}
	if title := t.kind[at-1] == lineText && (at == 1 || t.kind[at-2] == lineBlank); title || t.announced(at) {
		return
	}
	if t.signs(at+1, t.end, maxSoft) && t.looksSigned(at+1, t.end) {
		t.sign(at, len(t.lines))
		t.cutFrom(at)
	}
}

// ownWords reports whether a line above i is not quoted.
func (t *cutting) ownWords(i int) bool {
	for k := 0; k < i; k++ {
		if t.kind[k] == lineText && !t.gone[k] {
			return true
		}
	}
	return false
}

// firstWords returns the first line that the writer wrote or quoted.
func (t *cutting) firstWords() int {
	i := 0
	for i < t.end && (t.kind[i] != lineText && t.kind[i] != lineQuote || t.gone[i]) {
		i++
	}
	return i
}
