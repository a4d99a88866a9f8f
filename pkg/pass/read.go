package pass

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/quote"
)

// Read turns the bytes of a message into what decisions and texts are made of: parsed, its text chosen, the quote cut
// off, and both in the portal's markup. It fails only where r does.
func Read(r io.Reader, l desk.Listing, c *quote.Cutter) (desk.Message, error) {
	m, err := eml.Parse(r, l)
	if err != nil {
		return m, fmt.Errorf("read message: %w", err)
	}
	compose(&m, c)
	return m, nil
}

// compose fills in the texts of a parsed message.
func compose(m *desk.Message, c *quote.Cutter) {
	plain := m.Plain
	if m.HTML != "" && c.Stub(plain) {
		plain = ""
	}
	if plain == "" && m.HTML == "" {
		return
	}
	if plain != "" {
		m.FullText = plain
		took(m, c.Part(plain))
	}
	if m.HTML != "" {
		composePage(m, c, plain != "")
	} else if m.FullCode = markup.Escape(m.FullText); m.Text == m.FullText {
		m.BBCode = m.FullCode
	} else {
		m.BBCode = markup.Escape(m.Text)
	}
	originals(m, c)
}

// took fills in what the text was parted into.
func took(m *desk.Message, p quote.Parts) {
	m.Text, m.Quoted, m.Signature, m.QuoteCut = p.Own, p.Quoted, p.Signature, p.Cut
}

// composePage fills in what is made of the HTML, which is the text, too, where there is no plain one.
func composePage(m *desk.Message, c *quote.Cutter, hasPlain bool) {
	page := c.PartHTML(m.HTML)
	pictures(m, page.Bare)
	whole := markup.Parse(m.HTML)
	if whole.Truncated() && !slices.Contains(m.Degraded, desk.DegradedText) {
		m.Degraded = append(m.Degraded, desk.DegradedText)
	}
	cutInPlain := m.QuoteCut || m.Signature != ""
	own := whole
	if page.Own != m.HTML {
		own = markup.Parse(page.Own)
	}
	m.FullCode, m.BBCode = whole.BBCode(), own.BBCode()
	quoted := markup.Text(page.Quoted)
	if !hasPlain {
		m.FullText = whole.Text()
		took(m, c.Part(own.Text()))
		m.Quoted = strings.TrimSpace(quoted + "\n" + m.Quoted)
	} else if m.Quoted == "" { // the two forms may differ, and what is cut off either is to be had from the whole letter
		m.Quoted = strings.TrimSpace(quoted)
	}
	m.QuoteCut = m.QuoteCut || page.Cut
	if m.Signature == "" {
		m.Signature = strings.TrimSpace(markup.Text(page.Signature))
	}
	fallBack(m, hasPlain && page.Own == m.HTML && cutInPlain)
}

// pictures finds out which are shown only in quotes and signatures; bare is the page without them.
func pictures(m *desk.Message, bare string) {
	if len(m.Attachments) == 0 {
		return
	}
	shown := eml.PictureIDs(bare)
	for i := range m.Attachments {
		a := &m.Attachments[i]
		a.Cut = a.Inline && a.ContentID != "" && !a.Hidden && !shown[strings.ToLower(a.ContentID)]
	}
}

// originals notes whose message is forwarded. Where the subject alone says that it is one, what was taken for a quote
// is what the sender wants to show.
func originals(m *desk.Message, c *quote.Cutter) {
	bySubject := c.IsForward(m.Subject)
	text := m.Text // a forward inside of a quote is none of this letter
	if bySubject {
		text = m.FullText
	}
	from, ok := c.Forwarded(m.Subject, text)
	if !ok {
		return
	}
	if from != (desk.Address{}) {
		m.Forwarded = append([]desk.Address{from}, m.Forwarded...)
	}
	if bySubject {
		m.Text, m.BBCode = m.FullText, m.FullCode
		m.Quoted, m.Signature, m.QuoteCut = "", "", false
	}
}

// fallBack takes the plain text where the HTML gives nothing, or where only the plain text shows where the quote begins.
func fallBack(m *desk.Message, cutInPlain bool) {
	if strings.TrimSpace(m.FullCode) == "" {
		m.FullCode = markup.Escape(m.FullText)
	}
	if cutInPlain || strings.TrimSpace(m.BBCode) == "" {
		m.BBCode = markup.Escape(m.Text)
	}
}
