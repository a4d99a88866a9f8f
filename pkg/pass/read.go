package pass

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/lang"
	"helpdesk/pkg/lazy"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/quote"
)

// Read turns the bytes of a message into what decisions and texts are made of: parsed, its text chosen, the quote cut
// off, and both in the portal's markup. It fails only where r does.
func Read(r io.Reader, l desk.Listing, by Reading) (desk.Message, error) {
	m, err := eml.Parse(r, l)
	if err != nil {
		return m, fmt.Errorf("read message: %w", err)
	}
	compose(&m, by.Cutter)
	by.events(&m)
	if by.Languages != nil {
		m.Locale = cmp.Or(by.Languages.Of(m.Text), by.Languages.Of(m.Subject))
	}
	return m, nil
}

// Reading is what messages are read by.
type Reading struct {
	Cutter *quote.Cutter
	Event  func(desk.Event) string // tells of a calendar entry; nil = its title

	Languages *lang.Detector // nil = none are told
}

// events tells of what calendars sent: above the text where it is the press of a button or the text is missing, beside
// it where it is an invitation.
func (by Reading) events(m *desk.Message) {
	bare := strings.TrimSpace(m.FullText) == ""
	var above []string
	for _, e := range m.Calendar {
		text := e.Summary
		if by.Event != nil {
			text = strings.TrimSpace(by.Event(e))
		}
		switch {
		case text == "" || slices.Contains(above, text) || slices.Contains(m.Events, text):
		case bare || e.What() != desk.EventInvited:
			above = append(above, text)
		default:
			e.Description = "" // the text says it
			if by.Event != nil {
				text = by.Event(e)
			}
			m.Events = append(m.Events, strings.TrimSpace(text))
		}
	}
	if len(above) == 0 {
		return
	}
	text := strings.Join(above, "\n\n")
	code := markup.Escape(text)
	for _, to := range []struct {
		field *string
		text  string
	}{{&m.Text, text}, {&m.FullText, text}, {&m.BBCode, code}, {&m.FullCode, code}} {
		*to.field = strings.TrimSpace(to.text + "\n\n" + *to.field)
	}
}

// compose fills in the texts of a parsed message.
func compose(m *desk.Message, c *quote.Cutter) {
	page, byPage := choose(m, c)
	switch {
	case byPage:
		composePage(m, c, page)
	case m.Plain != "":
		m.FullText = m.Plain
		took(m, c.Part(m.Plain))
		names := pictureNames(m)
		m.FullCode = markup.Escape(labelled(m.FullText, names))
		if m.BBCode = m.FullCode; m.Text != m.FullText {
			m.BBCode = markup.Escape(labelled(m.Text, names))
		}
	}
	originals(m, c)
	keepsWords(m)
}

// took fills in what the text was parted into.
func took(m *desk.Message, p quote.Parts) {
	m.Text, m.Quoted, m.Signature, m.QuoteCut = p.Own, p.Quoted, p.Signature, p.Cut
}

// composePage fills in what is made of the page. Where only its text shows where a quote begins, what is left of it is
// shown as text.
func composePage(m *desk.Message, c *quote.Cutter, whole *markup.Page) {
	if whole.Truncated() {
		degrade(m, desk.DegradedText)
	}
	page := c.PartHTML(m.HTML)
	pictures(m, page.Bare)
	names := pictureNames(m)
	whole.NamePictures(names)
	own := whole
	if page.Own != m.HTML {
		own = markup.Parse(page.Own)
		own.NamePictures(names)
	}
	text := own.Text()
	m.FullText, m.FullCode, m.BBCode = whole.Text(), whole.BBCode(), own.BBCode()
	took(m, c.Part(text))
	if m.QuoteCut || m.Signature != "" {
		m.BBCode = markup.Escape(m.Text)
	}
	m.Quoted = strings.TrimSpace(markup.Text(page.Quoted) + "\n" + m.Quoted)
	m.QuoteCut = m.QuoteCut || page.Cut
	if m.Signature == "" {
		m.Signature = strings.TrimSpace(markup.Text(page.Signature))
	}
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

// pictureNames returns the names of the attachments by their Content-ID in lower case.
func pictureNames(m *desk.Message) map[string]string {
	names := map[string]string{}
	for _, a := range m.Attachments {
		if id := strings.ToLower(a.ContentID); id != "" && names[id] == "" {
			names[id] = a.Name
		}
	}
	return names
}

// pictureLabel is what programs write for an inline picture into the plain text they make of a page.
var pictureLabel = lazy.Regexp(`(?i)\[cid:([^\]\s]{1,500})\]`)

// labelled writes the names of files for the pictures of a plain text.
func labelled(text string, names map[string]string) string {
	return pictureLabel().ReplaceAllStringFunc(text, func(label string) string {
		if name := names[strings.ToLower(label[len("[cid:"):len(label)-1])]; name != "" {
			return "(" + name + ")"
		}
		return label
	})
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
	m.Forward = ok || bySubject || len(m.Forwarded) > 0
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
