package quote

import "slices"

// signed adds the signatures outside of the spans to them.
func (p *page) signed(spans []span) []span {
	t, at := p.rows(spans)
	t.cutTailRows()
	t.cutSigned()
	t.cutTailRows()
	for i := 0; i < len(at); i++ {
		if !t.gone[i] || t.kind[i] == lineSpan {
			continue
		}
		s := span{at[i], len(p.src.Source), purposeSignature, nil}
		for i++; i < len(at); i++ {
			if !t.gone[i] || t.kind[i] == lineSpan {
				s.to = at[i]
				break
			}
		}
		spans = insert(spans, s)
	}
	return spans
}

// cutTailRows removes the lines at the end that programs append.
func (t *cutting) cutTailRows() {
	if end := t.tail(t.end); end < t.end && t.wordsBefore(end) > 0 {
		t.cutFrom(end)
	}
}

// rows returns the lines outside of the spans, with a placeholder line for each quote, and their offsets.
func (p *page) rows(spans []span) (t *cutting, at []int) {
	most := len(p.lines) + len(spans)
	t = &cutting{c: p.c, lines: make([]string, 0, most), kind: make([]int, 0, most)}
	at = make([]int, 0, most)
	add := func(text string, kind, from int) {
		t.lines, t.kind, at = append(t.lines, text), append(t.kind, kind), append(at, from)
	}
	next := 0
	for _, l := range p.lines {
		for ; next < len(spans) && spans[next].to <= l.at; next++ {
			if spans[next].purpose == purposeQuote {
				add("", lineSpan, spans[next].from)
			}
		}
		if next == len(spans) || l.at < spans[next].from {
			add(l.text, l.kind, l.begins())
		}
	}
	for _, s := range spans[next:] {
		if s.purpose == purposeQuote {
			add("", lineSpan, s.from)
		}
	}
	t.end = len(t.lines)
	t.gone, t.signed = make([]bool, t.end), make([]bool, t.end)
	return t, at
}

// insert adds a span in order and drops the spans that begin inside it.
func insert(spans []span, s span) []span {
	spans = slices.DeleteFunc(spans, func(o span) bool { return o.from >= s.from && o.from < s.to })
	i := 0
	for i < len(spans) && spans[i].from < s.from {
		i++
	}
	return slices.Insert(spans, i, s)
}
