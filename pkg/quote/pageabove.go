package quote

import (
	"strings"

	"helpdesk/pkg/glyph"
)

// Limits of the search inside elements whose tags do not identify them.
const (
	maxLooks  = 500
	lookBytes = 1500
)

// stands reports whether the text above an element and at its beginning matches its marker.
func (p *page) stands(m *marker, end int) bool {
	if m.below != "" && p.introAt(m.below == needsAttribution) < 0 {
		return false
	}
	if m.holds == "" {
		return true
	}
	if p.looks++; p.looks > maxLooks {
		return false
	}
	lines := nonBlank(p.src.Text(end, end+lookBytes), 3)
	if m.holds == needsLabel {
		return len(lines) > 0 && p.c.isField(label(lines[0]))
	}
	for n := range lines {
		if one := strings.Join(lines[:n+1], " "); n == 0 && fits(p.c.attributions, one) ||
			fitsKnown(p.c.attributions, one) {
			return true
		}
	}
	return false
}

// nonBlank returns the first n non-blank lines of a text.
func nonBlank(text string, n int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = glyph.Squeeze(line); line != "" {
			lines = append(lines, line)
		}
		if len(lines) == n {
			break
		}
	}
	return lines
}

// introAt returns the index of the first line of the longest attribution that ends the text so far, or -1. sure limits
// it to attributions that need no quote below.
func (p *page) introAt(sure bool) int {
	fit := p.c.attribution
	if sure {
		fit = func(s string) bool { return fits(p.c.attributions, s) }
	}
	joined, at, after := "", -1, p.spanEnd()
	for k := len(p.lines) - 1; k >= 0 && k > len(p.lines)-4 && p.lines[k].at >= after; k-- {
		joined = strings.TrimSpace(p.lines[k].text + " " + joined)
		if len(joined) > maxLine {
			break
		}
		if couldEnd(joined) && (at < 0 && fit(joined) || at >= 0 && fitsKnown(p.c.attributions, joined)) {
			at = k
		}
	}
	return at
}

// quoteAt returns the actual start of a quote: its attribution, the rule above it, or its tag.
func (p *page) quoteAt(tag int) int {
	k := p.introAt(false)
	if k < 0 {
		if p.rule >= 0 {
			return p.rule
		}
		return tag
	}
	first, after := k, p.spanEnd()
	above := func(list pattern) bool {
		return first > 0 && p.lines[first-1].at >= after && fits(list, p.lines[first-1].text)
	}
	for above(p.c.prefaces) {
		first--
	}
	if first < k && above(p.c.decorations) {
		first--
	}
	return p.lines[first].begins()
}

// spanEnd returns the end of the last span so far.
func (p *page) spanEnd() int {
	if n := len(p.spans); n > 0 {
		return p.spans[n-1].to
	}
	return 0
}

// begins returns the offset of a line, or of the rule above it.
func (l pageLine) begins() int {
	if l.rule >= 0 {
		return l.rule
	}
	return l.at
}
