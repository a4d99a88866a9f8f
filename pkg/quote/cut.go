package quote

import (
	"slices"
	"strings"
	"unicode"
)

// What a line of a text is.
const (
	lineText = iota
	lineBlank
	lineQuote
	lineIntro // part of an attribution
	lineSeparator
	lineForward
	lineDelimiter
	lineDash // a delimiter, if a signature follows
	lineDecoration
	lineSignature
	lineSpan // no line: where a marked quote stands in a page
)

// Limits of the search for attributions, so that a hostile text costs no more than a long one.
const (
	maxLines  = 20000
	maxIntros = 1000 // lines that could end an attribution
	maxJoined = 5    // lines of one attribution
	maxLine   = 600  // bytes of an attribution
)

// cutting is the state of one Cut.
type cutting struct {
	c       *Cutter
	lines   []string
	kind    []int
	intro   []int // the first line of the attribution this line belongs to
	gone    []bool
	end     int  // lines from here on are not looked at: a forward's content, or what has been cut
	content bool // all that is left is: a forward, or answers inside of a quote
}

// Cut parts what the writer wrote from what he quoted and from his signature. A forwarded message is what he wrote. Where
// nothing would be left, all is kept.
func (c *Cutter) Cut(text string) (kept, quoted string) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	t := &cutting{c: c, lines: strings.Split(text, "\n")}
	t.classify()
	t.end = min(len(t.lines), maxLines)
	if t.cutBelow(); !t.content {
		t.cutEnd()
	}
	if !slices.Contains(t.gone, true) {
		return trimBlank(text), ""
	}
	kept, quoted = t.result()
	if !hasWords(kept) {
		return trimBlank(text), ""
	}
	return kept, quoted
}

func (t *cutting) classify() {
	n := len(t.lines)
	t.kind, t.intro, t.gone = make([]int, n), make([]int, n), make([]bool, n)
	fenced := false
	for i, line := range t.lines[:min(n, maxLines)] {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "```") {
			fenced = !fenced && t.fenceEnds(i)
			continue
		}
		if !fenced {
			t.kind[i] = t.c.lineKind(line, trimmed)
		} else if trimmed == "" {
			t.kind[i] = lineBlank
		}
	}
	t.findIntros()
}

func (t *cutting) fenceEnds(i int) bool {
	for _, line := range t.lines[i+1 : min(len(t.lines), i+500)] {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			return true
		}
	}
	return false
}

func (c *Cutter) lineKind(line, trimmed string) int {
	switch {
	case trimmed == "":
		return lineBlank
	case len(line) > maxLine:
		if fits(c.quotes, line[:10]) && !fits(c.notQuotes, line[:10]) {
			return lineQuote
		}
		return lineText
	case fits(c.forwards, trimmed):
		return lineForward
	case fits(c.quotes, line) && !fits(c.notQuotes, line):
		return lineQuote
	case fits(c.separators, trimmed):
		return lineSeparator
	case fits(c.delimiters, line):
		return lineDelimiter
	case fits(c.dashes, trimmed):
		return lineDash
	case fits(c.decorations, trimmed):
		return lineDecoration
	case fits(c.signatures, trimmed):
		return lineSignature
	}
	return lineText
}

func (t *cutting) result() (kept, quoted string) {
	var k, q []string
	for i, line := range t.lines {
		if t.gone[i] {
			q = append(q, line)
		} else {
			k = append(k, line)
		}
	}
	return trimBlank(strings.Join(k, "\n")), trimBlank(strings.Join(q, "\n"))
}

// trimBlank removes blank lines at both ends, and blanks at the very end.
func trimBlank(s string) string {
	s = strings.TrimRightFunc(s, unicode.IsSpace)
	for {
		line, rest, found := strings.Cut(s, "\n")
		if !found || strings.TrimSpace(line) != "" {
			return s
		}
		s = rest
	}
}

func hasWords(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsSymbol(r) || r == '?' || r == '!'
	})
}
