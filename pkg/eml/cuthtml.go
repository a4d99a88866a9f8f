package eml

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// Purposes of a marker.
const (
	purposeQuote     = "quote"
	purposeIntro     = "intro"
	purposeSignature = "signature"
)

// span is a stretch of an HTML text that may be cut out.
type span struct {
	from, to int
	purpose  string
	marker   *marker
}

// CutHTML does for HTML what Cut does for text, by the elements mail programs wrap quotes in, and by what stands above
// quotes. An answer between two quotes, or inside one, keeps all of it.
func (c *Cutter) CutHTML(text string) (kept, quoted string) {
	p := newPage(c, text)
	p.scan()
	spans := p.quotes()
	if len(spans) == 0 || p.answered(spans) {
		return text, ""
	}
	var k, q strings.Builder
	end := 0
	for _, s := range spans {
		k.WriteString(text[end:s.from])
		q.WriteString(text[s.from:s.to])
		end = s.to
	}
	k.WriteString(text[end:])
	if kept = k.String(); !hasWords(bareText(kept)) && !showsImage(kept) {
		return text, ""
	}
	return kept, q.String()
}

var anImage = regexp.MustCompile(`(?i)<img\s`)

func showsImage(s string) bool { return anImage.MatchString(s) }

// page is an HTML text on its way to spans.
type page struct {
	c      *Cutter
	text   string
	spans  []span
	lines  []pageLine // the visible lines outside of spans, as far as they were read
	line   strings.Builder
	start  int
	hidden string
}

type pageLine struct {
	text string
	at   int
}

func newPage(c *Cutter, text string) *page { return &page{c: c, text: text, start: -1} }

// scan goes through the page once and notes the elements that are marked, and the lines of text outside them.
func (p *page) scan() {
	z := html.NewTokenizer(strings.NewReader(p.text))
	at, until, depth := 0, "", 0 // the tag of the marked element we are in, and how often it is open
	for {
		tt := z.Next()
		if tt == html.ErrorToken {
			break
		}
		from := at
		at += len(z.Raw())
		if tt == html.TextToken {
			if until == "" {
				p.word(string(z.Text()), from)
			}
			continue
		}
		if tt == html.CommentToken || tt == html.DoctypeToken {
			continue
		}
		name, more := z.TagName()
		tag := string(name)
		if until != "" {
			if tag == until && tt == html.StartTagToken {
				depth++
			} else if tag == until && tt == html.EndTagToken {
				if depth--; depth == 0 {
					p.spans[len(p.spans)-1].to, until = at, ""
				}
			}
			continue
		}
		p.hide(tag, tt)
		if blockTags[tag] {
			p.endLine()
		}
		if tt != html.StartTagToken || len(p.spans) >= maxParts {
			continue
		}
		m, ok := p.marked(tag, z, more)
		if !ok {
			continue
		}
		p.endLine()
		p.spans = append(p.spans, span{p.introBefore(from), len(p.text), m.purpose, m})
		if m.rest {
			return
		}
		until, depth = tag, 1
	}
	p.endLine()
}

func (p *page) hide(tag string, tt html.TokenType) {
	switch {
	case tt == html.EndTagToken && tag == p.hidden:
		p.hidden = ""
	case tt == html.StartTagToken && (tag == "style" || tag == "script" || tag == "title"):
		p.hidden = tag
	}
}

func (p *page) word(s string, at int) {
	if p.hidden != "" || len(p.lines) >= maxLines {
		return
	}
	if p.start < 0 && strings.TrimSpace(s) != "" {
		p.start = at
	}
	if p.line.Len() < 2*maxLine {
		p.line.WriteString(s)
	}
}

func (p *page) endLine() {
	if s := strings.Join(strings.Fields(p.line.String()), " "); s != "" {
		p.lines = append(p.lines, pageLine{s, p.start})
	}
	p.line.Reset()
	p.start = -1
}

// marked says whether a start tag begins a quote or signature.
func (p *page) marked(tag string, z *html.Tokenizer, more bool) (*marker, bool) {
	attrs := map[string]string{}
	for more && len(attrs) < 50 {
		var k, v []byte
		k, v, more = z.TagAttr()
		if len(v) <= 2000 {
			attrs[string(k)] = string(v)
		}
	}
	for i := range p.c.markers {
		if m := &p.c.markers[i]; (m.tag == "" || m.tag == tag) && m.fits(attrs) {
			return m, true
		}
	}
	// QUIRK: Yandex and others quote in a blockquote like any other, below a line that says whom.
	if tag == "blockquote" && p.introAt(len(p.lines)) >= 0 {
		return &marker{tag: tag, purpose: purposeQuote}, true
	}
	return nil, false
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

// introAt returns the index of the line an attribution that ends above line i begins with, -1 where there is none.
func (p *page) introAt(i int) int {
	joined := ""
	for k := i - 1; k >= 0 && k > i-4; k-- {
		joined = strings.TrimSpace(p.lines[k].text + " " + joined)
		if len(joined) > maxLine || p.lines[k].at < 0 {
			return -1
		}
		if couldEnd(joined) && fits(p.c.attributions, joined) {
			return k
		}
	}
	return -1
}

// introBefore returns where a quote really begins: at its attribution, or at its tag.
func (p *page) introBefore(at int) int {
	k := p.introAt(len(p.lines))
	if k < 0 {
		return at
	}
	from := p.lines[k].at
	if n := len(p.spans); n > 0 && from < p.spans[n-1].to {
		return at
	}
	return from
}

// walkTags calls f for every tag and text of a page.
func walkTags(s string, f func(tag string, open, text bool, raw string)) {
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch tt := z.Next(); tt {
		case html.ErrorToken:
			return
		case html.TextToken:
			f("", false, true, string(z.Raw()))
		case html.StartTagToken, html.EndTagToken:
			name, _ := z.TagName()
			f(string(name), tt == html.StartTagToken, false, "")
		}
	}
}
