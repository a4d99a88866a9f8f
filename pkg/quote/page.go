package quote

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"

	"helpdesk/pkg/glyph"
	"helpdesk/pkg/tags"
)

// page is an HTML text during the search for spans.
type page struct {
	c     *Cutter
	text  string
	spans []span
	lines []pageLine // the visible lines outside of spans, read so far
	line  []byte
	start int
	until string // tag of the current marked element, "" outside
	depth int    // number of open elements with this tag
	attrs map[string]string
	rule  int // offset of the <hr> with no text after it yet, or -1
	looks int // number of searches inside elements so far, see maxLooks
}

type pageLine struct {
	text string
	kind int
	at   int
	rule int // offset of the <hr> above it, or -1
}

func newPage(c *Cutter, text string) *page {
	return &page{c: c, text: text, start: -1, rule: -1, attrs: map[string]string{}}
}

// scan reads the page once and collects the marked elements and the lines outside of them.
func (p *page) scan() {
	r := tags.NewReader(p.text)
	for {
		tt := r.Next()
		if tt == html.ErrorToken {
			break
		}
		from, to := r.Place()
		switch tt {
		case html.TextToken:
			if p.until == "" {
				p.word(r.Text(), from)
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			tag := r.Tag()
			if p.until != "" {
				p.leave(tag, tt, to)
			} else if p.enter(tag, tt, r, from, to) {
				return
			}
		}
	}
	p.endLine()
}

// leave looks for the end of the marked element.
func (p *page) leave(tag string, tt html.TokenType, at int) {
	if tag != p.until {
		return
	}
	if tt == html.StartTagToken {
		p.depth++
	} else if tt == html.EndTagToken {
		if p.depth--; p.depth == 0 {
			p.spans[len(p.spans)-1].to, p.until, p.rule = at, "", -1
		}
	}
}

// enter checks whether a tag begins a marked element. It returns true if the element extends to the end of the page.
func (p *page) enter(tag string, tt html.TokenType, r *tags.Reader, from, end int) (all bool) {
	if tags.EndsLine(tag) {
		p.endLine()
	}
	if tt == html.EndTagToken || len(p.spans) >= maxSpans {
		return false
	}
	m, ok := p.marked(tag, r, end)
	if !ok || tt == html.SelfClosingTagToken && !m.rest {
		if tag == "hr" && p.rule < 0 {
			p.rule = from
		}
		return false
	}
	p.endLine()
	p.spans = append(p.spans, span{p.quoteAt(from), len(p.text), m.purpose, m})
	p.until, p.depth = tag, 1
	return m.rest
}

func (p *page) word(s string, at int) {
	if len(p.lines) >= maxLines {
		return
	}
	if p.start < 0 && strings.TrimSpace(s) != "" {
		p.start = at
	}
	if len(p.line) < 2*maxLine {
		p.line = append(p.line, s...)
	}
}

func (p *page) endLine() {
	if s := bytes.TrimSpace(p.line); len(s) > 0 {
		text := glyph.Squeeze(string(s))
		p.lines = append(p.lines, pageLine{text, p.c.lineKind(text, text), p.start, p.rule})
		p.rule = -1
	}
	p.line = p.line[:0]
	p.start = -1
}
