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
		m.Text, m.Quoted = c.Cut(plain)
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

// composePage fills in what is made of the HTML, which is the text, too, where there is no plain one.
func composePage(m *desk.Message, c *quote.Cutter, hasPlain bool) {
	kept, quoted := c.CutHTML(m.HTML)
	pictures(m, kept)
	whole := markup.Parse(m.HTML)
	if whole.Truncated() && !slices.Contains(m.Degraded, desk.DegradedText) {
		m.Degraded = append(m.Degraded, desk.DegradedText)
	}
	m.FullCode = whole.BBCode()
	m.BBCode = m.FullCode
	own := whole
	if quoted != "" {
		own = markup.Parse(kept)
		m.BBCode = own.BBCode()
	}
	if !hasPlain {
		m.FullText = whole.Text()
		text := m.FullText
		if quoted != "" {
			text = own.Text()
		}
		m.Text, m.Quoted = c.Cut(text)
		m.Quoted = strings.TrimSpace(markup.Text(quoted) + "\n" + m.Quoted)
	} else if m.Quoted == "" { // the two forms may differ, and what is cut off either is to be had from the whole letter
		m.Quoted = strings.TrimSpace(markup.Text(quoted))
	}
	fallBack(m, hasPlain && quoted == "" && m.Quoted != "")
}

// pictures finds out which are shown only in what was cut off.
func pictures(m *desk.Message, kept string) {
	if len(m.Attachments) == 0 {
		return
	}
	shown := eml.PictureIDs(kept)
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
		m.Text, m.BBCode, m.Quoted = m.FullText, m.FullCode, ""
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
