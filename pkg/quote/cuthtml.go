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
	if kept = k.String(); !hasWords(tags.Text(kept)) && !showsImage(kept) {
		return text, ""
	}
	return kept, q.String()
}

var anImage = regexp.MustCompile(`(?i)<img\s`)

func showsImage(s string) bool { return anImage.MatchString(s) }
