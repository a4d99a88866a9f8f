package quote

import (
	"strings"

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

// PageParts are the parts of an HTML text, as Parts are those of a text. Parts that are missing are empty pages.
type PageParts struct {
	Own       *tags.Page // the given page, if nothing is cut off
	Quoted    *tags.Page
	Signature *tags.Page
	Cut       bool
	Bare      *tags.Page // the page without quotes and signatures, even if they were kept
}

// PartHTML is Part for HTML. It recognizes quotes by the elements that mail programs wrap them in and by the lines
// above them. If an answer is between two quotes or inside one, all quotes are kept.
func (c *Cutter) PartHTML(whole *tags.Page) PageParts {
	p := newPage(c, whole)
	p.scan()
	p.text = p.plain()
	spans, content := p.quotes()
	nothing := &tags.Page{}
	parts := PageParts{Own: whole, Bare: whole, Quoted: nothing, Signature: nothing}
	if len(spans) == 0 {
		parts.Quoted = p.uncut()
		return parts
	}
	var bare, quoted, signature []tags.Range
	end, cut := 0, false
	for _, s := range spans {
		bare = append(bare, tags.Range{From: end, To: s.from})
		if s.purpose == purposeSignature {
			signature = append(signature, tags.Range{From: s.from, To: s.to})
		} else {
			quoted = append(quoted, tags.Range{From: s.from, To: s.to})
			cut = cut || s.purpose == purposeQuote
		}
		end = s.to
	}
	bare = append(bare, tags.Range{From: end, To: len(whole.Source)})
	parts.Bare, parts.Quoted = whole.Keep(bare...), whole.Keep(quoted...)
	if len(quoted) == 0 {
		parts.Quoted = p.uncut()
	}
	if content || p.answered(spans) || !c.says(withPictures(parts.Bare)) {
		return parts
	}
	parts.Own, parts.Signature, parts.Cut = parts.Bare, whole.Keep(signature...), cut
	return parts
}

// uncut returns the page from its first unmarked quote on: one after a separator, a copied header or a sure
// attribution. It returns an empty page if there is none.
func (p *page) uncut() *tags.Page {
	t := p.text
	for i, line := range t.lines {
		if t.kind[i] == lineText && couldEnd(line) && fits(p.c.attributions, plainBlanks(line)) {
			t.kind[i] = lineIntro
			t.intro[i] = i
		}
	}
	if from := t.quotesFrom(); from >= 0 {
		return p.src.Keep(tags.Range{From: p.lines[from].begins(), To: len(p.src.Source)})
	}
	return &tags.Page{}
}

// withPictures returns the visible text of a page with a sign for each picture.
func withPictures(page *tags.Page) string {
	var out strings.Builder
	for t := range page.All() {
		switch {
		case t.Kind == tags.Words:
			out.WriteString(t.Data)
		case t.Kind == tags.Close:
		case t.Data == "img":
			out.WriteString("\n" + picture)
		case tags.EndsLine(t.Data):
			out.WriteByte('\n')
		}
	}
	return strings.TrimSpace(out.String())
}
