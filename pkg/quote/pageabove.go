package quote

import (
	"strings"

	"helpdesk/pkg/glyph"
	"helpdesk/pkg/tags"
)

// Limits of the look into elements that say nothing of themselves.
const (
	maxLooks  = 500
	lookBytes = 1500
)

// stands reports whether above an element, and at the beginning of it, is what its marker asks for.
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
	lines := nonBlank(tags.Text(p.text[end:min(len(p.text), end+lookBytes)]), 3)
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

// nonBlank returns the first n lines of a text with something on them.
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

// introAt returns the index of the line the longest attribution begins with that ends the text so far, -1 where there
// is none. A sure one is believed without a quote below.
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

// quoteAt returns where a quote really begins: at its attribution, at the rule above it, or at its tag.
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

// spanEnd returns where the last span so far ends.
func (p *page) spanEnd() int {
	if n := len(p.spans); n > 0 {
		return p.spans[n-1].to
	}
	return 0
}

// begins returns where a line begins, with the rule above it.
func (l pageLine) begins() int {
	if l.rule >= 0 {
		return l.rule
	}
	return l.at
}
