package eml

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// page is an HTML text on its way to spans.
type page struct {
	c      *Cutter
	text   string
	spans  []span
	lines  []pageLine // the visible lines outside of spans, as far as they were read
	line   []byte
	start  int
	hidden string // the tag whose text is not shown that we are in
	until  string // the tag of the marked element we are in, "" outside
	depth  int    // how often it is open
	attrs  map[string]string
}

type pageLine struct {
	text string
	at   int
}

func newPage(c *Cutter, text string) *page {
	return &page{c: c, text: text, start: -1, attrs: map[string]string{}}
}

// scan goes through the page once and notes the elements that are marked, and the lines of text outside them.
func (p *page) scan() {
	z := html.NewTokenizer(strings.NewReader(p.text))
	for at := 0; ; {
		tt := z.Next()
		if tt == html.ErrorToken {
			break
		}
		from := at
		at += len(z.Raw())
		switch tt {
		case html.TextToken:
			if p.until == "" {
				p.word(z.Text(), from)
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := tagName(name)
			if p.until != "" {
				p.leave(tag, tt, at)
			} else if p.enter(tag, tt, z, more, from) {
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
			p.spans[len(p.spans)-1].to, p.until = at, ""
		}
	}
}

// enter looks whether a tag begins a marked element, and says whether all the rest belongs to it.
func (p *page) enter(tag string, tt html.TokenType, z *html.Tokenizer, more bool, from int) (all bool) {
	p.hide(tag, tt)
	if blockTags[tag] {
		p.endLine()
	}
	if tt != html.StartTagToken || len(p.spans) >= maxParts {
		return false
	}
	m, ok := p.marked(tag, z, more)
	if !ok {
		return false
	}
	p.endLine()
	p.spans = append(p.spans, span{p.introBefore(from), len(p.text), m.purpose, m})
	p.until, p.depth = tag, 1
	return m.rest
}

func (p *page) hide(tag string, tt html.TokenType) {
	switch {
	case tt == html.EndTagToken && tag == p.hidden:
		p.hidden = ""
	case tt == html.StartTagToken && (tag == "style" || tag == "script" || tag == "title"):
		p.hidden = tag
	}
}

func (p *page) word(s []byte, at int) {
	if p.hidden != "" || len(p.lines) >= maxLines {
		return
	}
	if p.start < 0 && len(bytes.TrimSpace(s)) > 0 {
		p.start = at
	}
	if len(p.line) < 2*maxLine {
		p.line = append(p.line, s...)
	}
}

func (p *page) endLine() {
	if s := bytes.TrimSpace(p.line); len(s) > 0 {
		p.lines = append(p.lines, pageLine{squeeze(string(s)), p.start})
	}
	p.line = p.line[:0]
	p.start = -1
}

// marked says whether a start tag begins a quote or signature.
func (p *page) marked(tag string, z *html.Tokenizer, more bool) (*marker, bool) {
	if p.c.marked[tag] || p.c.marked[""] {
		attrs := p.attributes(z, more)
		for i := range p.c.markers {
			if m := &p.c.markers[i]; (m.tag == "" || m.tag == tag) && m.fits(attrs) {
				return m, true
			}
		}
	}
	// QUIRK: Yandex and others quote in a blockquote like any other, The Bat! in a table, below a line that says whom.
	if (tag == "blockquote" || tag == "table") && p.introAt() >= 0 {
		return &marker{tag: tag, purpose: purposeQuote}, true
	}
	return nil, false
}

// attributes returns those of the tag the tokenizer stands at, until the next call.
func (p *page) attributes(z *html.Tokenizer, more bool) map[string]string {
	clear(p.attrs)
	for more && len(p.attrs) < 50 {
		var k, v []byte
		k, v, more = z.TagAttr()
		if len(v) <= 2000 {
			p.attrs[string(k)] = string(v)
		}
	}
	return p.attrs
}

func (m *marker) fits(attrs map[string]string) bool {
	if m.id != nil && !m.id.MatchString(attrs["id"]) || m.style != nil && !m.style.MatchString(attrs["style"]) {
		return false
	}
	if m.attrName != "" && !strings.EqualFold(attrs[m.attrName], m.attrValue) {
		return false
	}
	if m.class == nil {
		return true
	}
	for _, class := range strings.Fields(attrs["class"]) {
		if m.class.MatchString(class) {
			return true
		}
	}
	return false
}

// introAt returns the index of the line the longest attribution begins with that ends the text so far, -1 where there is
// none.
func (p *page) introAt() int {
	joined, at, after := "", -1, 0
	if n := len(p.spans); n > 0 {
		after = p.spans[n-1].to
	}
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

// introBefore returns where a quote really begins: at its attribution, or at its tag.
func (p *page) introBefore(at int) int {
	if k := p.introAt(); k >= 0 {
		return p.lines[k].at
	}
	return at
}
