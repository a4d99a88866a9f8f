package eml

import "strings"

// Limits of the look into elements that say nothing of themselves.
const (
	maxLooks  = 500
	lookBytes = 1500
)

// stands says whether above an element, and at the beginning of it, is what its marker asks for.
func (p *page) stands(m *marker, end int) bool {
	if m.below != "" {
		k := p.introAt()
		if k < 0 || m.below == needsAttribution && !fits(p.c.attributions, p.joined(k)) {
			return false
		}
	}
	if m.holds == "" {
		return true
	}
	if p.looks++; p.looks > maxLooks {
		return false
	}
	lines := nonBlank(bareText(p.text[end:min(len(p.text), end+lookBytes)]), 3)
	if m.holds == needsLabel {
		return len(lines) > 0 && p.c.isField(label(lines[0]))
	}
	for n := 1; n <= len(lines); n++ {
		if fits(p.c.attributions, plainBlanks(strings.Join(lines[:n], " "))) {
			return true
		}
	}
	return false
}

// nonBlank returns the first n lines of a text with something on them.
func nonBlank(text string, n int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = squeeze(line); line != "" {
			lines = append(lines, line)
		}
		if len(lines) == n {
			break
		}
	}
	return lines
}

// joined returns the lines from k on as one.
func (p *page) joined(k int) string {
	var b strings.Builder
	for _, l := range p.lines[k:] {
		b.WriteString(l.text + " ")
	}
	return plainBlanks(strings.TrimSpace(b.String()))
}

// introAt returns the index of the line the longest attribution begins with that ends the text so far, -1 where there is
// none.
func (p *page) introAt() int {
	joined, at, after := "", -1, p.spanEnd()
	for k := len(p.lines) - 1; k >= 0 && k > len(p.lines)-4 && p.lines[k].at >= after; k-- {
		joined = strings.TrimSpace(p.lines[k].text + " " + joined)
		if len(joined) > maxLine {
			break
		}
		if couldEnd(joined) && p.c.begins(joined, at >= 0) {
			at = k
		}
	}
	return at
}

// quoteAt returns where a quote really begins: at its attribution, at the rule above it, or at its tag.
func (p *page) quoteAt(tag int) int {
	k := p.introAt()
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
