package quote

import (
	"strings"

	"helpdesk/pkg/glyph"
	"helpdesk/pkg/tags"
)

// page is an HTML text during the search for spans.
type page struct {
	c     *Cutter
	src   *tags.Page
	spans []span
	lines []pageLine // the visible lines outside of spans, read so far
	text  *cutting   // all these lines
	line  []byte
	only  string // the line, if it is a single text
	start int
	until string // tag of the current marked element, "" outside
	depth int    // number of open elements with this tag
	rule  int    // offset of the <hr> with no text after it yet, or -1
	looks int    // number of searches inside elements so far, see maxLooks
}

type pageLine struct {
	text string
	kind int
	at   int
	rule int // offset of the <hr> above it, or -1
}

func newPage(c *Cutter, src *tags.Page) *page {
	return &page{c: c, src: src, start: -1, rule: -1}
}

// scan goes through the page once and collects the marked elements and the lines outside of them.
func (p *page) scan() {
	for t := range p.src.All() {
		switch {
		case t.Kind == tags.Words:
			if p.until == "" {
				p.word(t.Data, t.From)
			}
		case p.until != "":
			p.leave(t)
		case p.enter(t):
			return
		}
	}
	p.endLine()
}

// leave looks for the end of the marked element.
func (p *page) leave(t tags.Token) {
	if t.Data != p.until {
		return
	}
	if t.Kind == tags.Open {
		p.depth++
	} else if t.Kind == tags.Close {
		if p.depth--; p.depth == 0 {
			p.spans[len(p.spans)-1].to, p.until, p.rule = t.To, "", -1
		}
	}
}

// enter checks whether a tag begins a marked element. It returns true if the element extends to the end of the page.
func (p *page) enter(t tags.Token) (all bool) {
	if tags.EndsLine(t.Data) {
		p.endLine()
	}
	if t.Kind == tags.Close || len(p.spans) >= maxSpans {
		return false
	}
	m, ok := p.marked(t)
	if !ok || t.Kind == tags.Single && !m.rest {
		if t.Data == "hr" && p.rule < 0 {
			p.rule = t.From
		}
		return false
	}
	p.endLine()
	p.spans = append(p.spans, span{p.quoteAt(t.From), len(p.src.Source), m.purpose, m})
	p.until, p.depth = t.Data, 1
	return m.rest
}

func (p *page) word(s string, at int) {
	if len(p.lines) >= maxLines {
		return
	}
	if p.start < 0 && strings.TrimSpace(s) != "" {
		p.start, p.only, p.line = at, s, p.line[:0]
	}
	if len(p.line) < 2*maxLine {
		p.line = append(p.line, s...)
	}
}

func (p *page) endLine() {
	text := p.only
	if len(p.line) > len(text) {
		text = string(p.line)
	}
	if text = glyph.Squeeze(text); text != "" {
		p.lines = append(p.lines, pageLine{text, p.c.lineKind(text, text), p.start, p.rule})
		p.rule = -1
	}
	p.line, p.only, p.start = p.line[:0], "", -1
}
