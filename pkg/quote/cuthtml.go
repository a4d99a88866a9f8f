package quote

import (
	"strings"

	"helpdesk/pkg/lazy"
	"helpdesk/pkg/tags"
)

// The purposes of a marker.
const (
	purposeQuote     = "quote"
	purposeIntro     = "intro"
	purposeSignature = "signature"
)

// maxSpans bounds the quotes and signatures of one page.
const maxSpans = 1000

// span is a range of an HTML text that may be removed.
type span struct {
	from, to int
	purpose  string
	marker   *marker
}

// PageParts are the parts of an HTML text. All of them are HTML.
type PageParts struct {
	Parts
	Bare string // the page without quotes and signatures, even if they were kept
}

// PartHTML is Part for HTML. It recognizes quotes by the elements that mail programs wrap them in and by the lines
// above them. If an answer is between two quotes or inside one, all quotes are kept.
func (c *Cutter) PartHTML(text string) PageParts {
	p := newPage(c, text)
	p.scan()
	spans, content := p.quotes()
	parts := PageParts{Parts: Parts{Own: text}, Bare: text}
	if len(spans) == 0 {
		parts.Quoted = p.uncut()
		return parts
	}
	var bare, quoted, signature strings.Builder
	end, cut := 0, false
	for _, s := range spans {
		bare.WriteString(text[end:s.from])
		if s.purpose == purposeSignature {
			signature.WriteString(text[s.from:s.to])
		} else {
			quoted.WriteString(text[s.from:s.to])
			cut = cut || s.purpose == purposeQuote
		}
		end = s.to
	}
	bare.WriteString(text[end:])
	parts.Bare, parts.Quoted = bare.String(), quoted.String()
	if parts.Quoted == "" {
		parts.Quoted = p.uncut()
	}
	if content || p.answered(spans) || !c.says(tags.Text(anImage().ReplaceAllString(parts.Bare, "\n"+picture+" $0"))) {
		return parts
	}
	parts.Own, parts.Signature, parts.Cut = parts.Bare, signature.String(), cut
	return parts
}

// uncut returns the page from its first unmarked quote on: one after a separator, a copied header or a sure
// attribution. It returns "" if there is none.
func (p *page) uncut() string {
	t := p.plain()
	for i, line := range t.lines {
		if t.kind[i] == lineText && couldEnd(line) && fits(p.c.attributions, plainBlanks(line)) {
			t.kind[i] = lineIntro
			t.intro[i] = i
		}
	}
	if from := t.quotesFrom(); from >= 0 {
		return p.text[p.lines[from].begins():]
	}
	return ""
}

var anImage = lazy.Regexp(`(?i)<img\s`)
