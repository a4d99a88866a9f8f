package quote

import (
	"slices"
	"strings"
	"unicode"
)

// The kinds of lines in a text.
const (
	lineText = iota
	lineBlank
	lineQuote
	lineIntro // part of an attribution
	lineSeparator
	lineForward
	lineDelimiter
	lineDash // a delimiter if a signature follows
	lineDecoration
	lineSignature
	lineSpan // not a line: the place of a marked quote in a page
)

// Limits of the search for attributions. They bound the cost of a hostile text.
const (
	maxLines  = 20000
	maxIntros = 1000 // lines that could end an attribution
	maxJoined = 5    // lines of one attribution
	maxLine   = 600  // bytes of an attribution
)

// cutting is the state of one call of Part.
type cutting struct {
	c       *Cutter
	lines   []string
	kind    []int
	intro   []int // first line of the attribution that this line belongs to
	gone    []bool
	signed  []bool // the removed lines that belong to a signature
	end     int    // lines from here on are ignored: forwarded content, or already removed
	content bool   // the rest is content: a forward, or answers within a quote
}

// Parts are the parts of a text.
type Parts struct {
	Own       string // the writer's words, or the whole text if too little would be left
	Quoted    string // from the line above the first quoted letter on, even if it was not cut off; "" = no quote
	Signature string // the signature that was cut off
	Cut       bool   // whether a quote was cut off
}

// Part separates the writer's words from their quotes and their signature. A forwarded message counts as the writer's
// words. If the words left would say nothing, the whole text is kept.
func (c *Cutter) Part(text string) Parts {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	t := &cutting{c: c, lines: strings.Split(text, "\n")}
	t.classify()
	p := Parts{Own: trimBlank(text)}
	if from := t.quotesFrom(); from >= 0 {
		p.Quoted = trimBlank(text[t.sizeOf(0, from):])
	}
	t.end = min(len(t.lines), maxLines)
	if t.cutBelow(); !t.content {
		t.cutEnd()
	}
	if !slices.Contains(t.gone, true) {
		return p
	}
	kept, quoted, signature := t.result(text)
	if !c.says(kept) {
		return p
	}
	p.Own, p.Signature, p.Cut = kept, signature, hasWords(quoted)
	return p
}

// quotesFrom returns the first line of the first quote, with its attribution or copied header. It returns -1 if there
// is no quote above a forward. The quote need not be removable.
func (t *cutting) quotesFrom() int {
	for i := range min(len(t.lines), maxLines) {
		switch t.kind[i] {
		case lineForward:
			return -1
		case lineQuote, lineSeparator:
			return i
		case lineIntro:
			if t.sureIntro(i) {
				return i
			}
		case lineText:
			if t.headerBlock(i) {
				return i
			}
		}
	}
	return -1
}

// sureIntro reports whether the attribution at line i has a form that people do not write by hand, or is followed by a
// quote.
func (t *cutting) sureIntro(i int) bool {
	last := i
	for last+1 < len(t.lines) && t.kind[last+1] == lineIntro && t.intro[last+1] == t.intro[i] {
		last++
	}
	next := last + 1
	for next < len(t.lines) && t.kind[next] == lineBlank {
		next++
	}
	return next < len(t.lines) && t.kind[next] == lineQuote || fits(t.c.attributions, t.joined(i, last))
}

func (t *cutting) classify() {
	n := len(t.lines)
	t.kind, t.intro, t.gone, t.signed = make([]int, n), make([]int, n), make([]bool, n), make([]bool, n)
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

// result returns the lines kept, the quotes and the signatures. Lines that programs append appear in none of them.
func (t *cutting) result(text string) (kept, quoted, signature string) {
	var k, q, s, none []string
	list := func(i int) *[]string {
		switch {
		case !t.gone[i]:
			return &k
		case t.kind[i] == lineSignature:
			return &none
		case t.signed[i]:
			return &s
		}
		return &q
	}
	for i := 0; i < len(t.lines); {
		first, to := i, list(i)
		for i < len(t.lines) && list(i) == to {
			i++
		}
		n := t.sizeOf(first, i)
		*to = append(*to, text[:n-1]) // lines in a row are a piece of the text
		text = text[min(n, len(text)):]
	}
	return trimBlank(strings.Join(k, "\n")), trimBlank(strings.Join(q, "\n")), trimBlank(strings.Join(s, "\n"))
}

// sizeOf returns the number of bytes in a range of lines, with their ends.
func (t *cutting) sizeOf(from, to int) int {
	n := 0
	for _, line := range t.lines[from:to] {
		n += len(line) + len("\n")
	}
	return n
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
