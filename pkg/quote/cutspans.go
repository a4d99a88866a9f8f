package quote

import (
	"slices"
	"sort"
	"strings"

	"helpdesk/pkg/tags"
)

// quotes returns the spans to remove, in order: the marked ones, and what follows a separator or copied header outside
// of them. content means that they are kept after all. A forwarded message, and anything in the same letter, is not in
// a span.
func (p *page) quotes() (spans []span, content bool) {
	for _, s := range p.spans {
		if s.purpose == purposeQuote && p.isForward(s) {
			return nil, true
		}
		spans = append(spans, s)
	}
	at, forward, content := p.textCut()
	if forward {
		return nil, true
	}
	if at >= 0 {
		spans = cutAt(spans, at, len(p.src.Source), purposeQuote)
	}
	if content {
		return spans, true
	}
	return withoutIntros(p.signed(spans)), false
}

// cutAt replaces all spans from at on by a single one.
func cutAt(spans []span, at, end int, purpose string) []span {
	var out []span
	for _, s := range spans {
		if s.from < at {
			out = append(out, s)
		}
	}
	return append(out, span{at, end, purpose, nil})
}

// withoutIntros drops attributions that are not above a quote.
func withoutIntros(spans []span) []span {
	var out []span
	for i, s := range spans {
		if s.purpose == purposeIntro && (i+1 == len(spans) || spans[i+1].purpose != purposeQuote) {
			continue
		}
		out = append(out, s)
	}
	return out
}

// isForward reports whether a span begins with the announcement of a forwarded message.
func (p *page) isForward(s span) bool {
	const looked = 4000 // bytes
	for i, line := range strings.Split(p.src.Text(s.from, min(s.to, s.from+looked)), "\n") {
		if i > 8 {
			break
		}
		if fits(p.c.forwards, strings.TrimSpace(line)) {
			return true
		}
	}
	return false
}

// plain returns the lines outside of spans as a text.
func (p *page) plain() *cutting {
	n := len(p.lines)
	t := &cutting{c: p.c, lines: make([]string, n), kind: make([]int, n), intro: make([]int, n), gone: make([]bool, n),
		signed: make([]bool, n), end: n}
	for i, l := range p.lines {
		t.lines[i], t.kind[i] = l.text, l.kind
	}
	return t
}

// textCut looks for a separator or a copied header outside of spans. content means that the writer announces answers
// above the first quote, so all is kept. forward means that a forwarded message begins.
func (p *page) textCut() (at int, forward, content bool) {
	t := p.text
	says := t.saysBelow(p.firstQuoted())
	for i := range t.lines {
		switch {
		case t.kind[i] == lineForward:
			return -1, !says, says
		case t.beginsMessage(i) && !p.inSpan(p.lines[i].begins()):
			return p.lines[i].begins(), false, says || t.wanted(i)
		}
	}
	return -1, false, says
}

// inSpan reports whether an offset is inside a span and not at its beginning. A span begins with the attribution above
// its quote.
func (p *page) inSpan(at int) bool {
	return slices.ContainsFunc(p.spans, func(s span) bool { return s.from < at && at < s.to })
}

// firstQuoted returns the index of the first line below the first quote, or 0 if there is no quote.
func (p *page) firstQuoted() int {
	for _, s := range p.spans {
		if s.purpose == purposeQuote {
			return sort.Search(len(p.lines), func(i int) bool { return p.lines[i].at >= s.from })
		}
	}
	return 0
}

// answered reports whether the writer answered between quotes or inside one. Such answers make no sense without the
// quotes.
func (p *page) answered(spans []span) bool {
	last := -1
	for i, s := range spans {
		if s.purpose != purposeQuote {
			continue
		}
		if last >= 0 && p.saysBetween(spans[last:i+1]) {
			return true
		}
		last = i
		if s.marker != nil && s.marker.tag == "div" && !s.marker.rest && p.answeredInside(s) {
			return true
		}
	}
	return false
}

// saysBetween reports whether there are words between the spans.
func (p *page) saysBetween(spans []span) bool {
	for i := 1; i < len(spans); i++ {
		if hasWords(p.src.Text(spans[i-1].to, spans[i].from)) {
			return true
		}
	}
	return false
}

// answeredInside reports whether the wrapper of a quote contains text outside of the quote. QUIRK: Gmail puts answers
// between the quoted lines inside its wrapper and closes the blockquote around them.
func (p *page) answeredInside(s span) bool {
	const looked = 20000 // bytes for the first blockquote
	depth, first := 0, true
	for t := range p.src.Within(s.from, s.to) {
		quotes := t.Data == "blockquote"
		switch {
		case first && t.From > s.from+looked:
			return false
		case t.Kind == tags.Words:
			if depth == 0 && !first && hasWords(t.Data) {
				return true
			}
		case quotes && t.Kind == tags.Open:
			depth++
			first = false
		case quotes && t.Kind == tags.Close && depth > 0:
			depth--
		}
	}
	return false
}
