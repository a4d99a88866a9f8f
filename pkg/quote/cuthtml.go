package quote

import (
	"regexp"
	"strings"

	"helpdesk/pkg/tags"
)

// Purposes of a marker.
const (
	purposeQuote     = "quote"
	purposeIntro     = "intro"
	purposeSignature = "signature"
)

// maxSpans bounds the quotes and signatures of one page.
const maxSpans = 1000

// span is a stretch of an HTML text that may be cut out.
type span struct {
	from, to int
	purpose  string
	marker   *marker
}

// PageParts is an HTML text taken apart; all of it is HTML.
type PageParts struct {
	Parts
	Bare string // the page without quotes and signatures, whether they were cut off or not
}

// PartHTML does for HTML what Part does for text, by the elements mail programs wrap quotes in, and by what stands
// above quotes. An answer between two quotes, or inside one, keeps all of it.
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
	if content || p.answered(spans) || !c.says(tags.Text(anImage.ReplaceAllString(parts.Bare, "\n"+picture+" $0"))) {
		return parts
	}
	parts.Own, parts.Signature, parts.Cut = parts.Bare, signature.String(), cut
	return parts
}

// uncut returns a page from where a letter is quoted in it by a separator, a copied header or a sure attribution that
// no mark of a quote goes with; "" where none is.
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

var anImage = regexp.MustCompile(`(?i)<img\s`)
