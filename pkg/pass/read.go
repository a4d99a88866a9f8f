package pass

import (
	"fmt"
	"io"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/markup"
)

// Read turns the bytes of a message into what decisions and texts are made of: parsed, its text chosen, the quote cut
// off, and both in the portal's markup. It fails only where r does.
func Read(r io.Reader, l desk.Listing, c *eml.Cutter) (desk.Message, error) {
	m, err := eml.Parse(r, l)
	if err != nil {
		return m, fmt.Errorf("read message: %w", err)
	}
	compose(&m, c)
	return m, nil
}

// compose fills in the texts of a parsed message.
func compose(m *desk.Message, c *eml.Cutter) {
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
	if m.HTML == "" {
		m.FullCode, m.BBCode = markup.Escape(m.FullText), markup.Escape(m.Text)
		return
	}
	kept, quoted := c.CutHTML(m.HTML)
	m.FullCode, m.BBCode = markup.BBCode(m.HTML), markup.BBCode(kept)
	if plain == "" {
		m.FullText = markup.Text(m.HTML)
		m.Text, m.Quoted = c.Cut(markup.Text(kept))
		m.Quoted = strings.TrimSpace(markup.Text(quoted) + "\n" + m.Quoted)
	}
	fallBack(m, plain != "" && quoted == "" && m.Quoted != "")
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
