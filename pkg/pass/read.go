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
	"helpdesk/pkg/tags"
)

// Read parses a message and prepares it for decisions and texts: it chooses the text, removes the quote, and converts
// both the text and the full text to the portal's markup. It fails only if r fails.
func Read(r io.Reader, l desk.Listing, by Reading) (desk.Message, error) {
	m, err := eml.Parse(r, l)
	if err != nil {
		return m, fmt.Errorf("read message: %w", err)
	}
	compose(&m, by.Cutter)
	by.events(&m)
	if by.Languages != nil {
		subject := m.Subject
		if len(m.InReplyTo) > 0 || len(m.Refs) > 0 {
			subject = ""
		}
		m.Locale = cmp.Or(by.Languages.OfLetter(subject, m.Text), by.Languages.Of(m.Subject))
	}
	return m, nil
}

// Reading contains what is needed to read messages.
type Reading struct {
	Cutter *quote.Cutter
	Event  func(desk.Event) string // describes a calendar entry; nil = its title is used

	Languages *lang.Detector // may be nil
}

// events adds descriptions of calendar entries. The description of an invitation is kept separately in m.Events. Any
// other description, or that of an invitation without text, goes above the text.
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
			e.Description = "" // the text contains it already
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
	src, page, byPage := choose(m, c)
	switch {
	case byPage:
		composePage(m, c, src, page)
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

// took fills in the parts of a split text.
func took(m *desk.Message, p quote.Parts) {
	m.Text, m.Quoted, m.Signature, m.QuoteCut = p.Own, p.Quoted, p.Signature, p.Cut
}

// composePage fills in the texts made from the page. If a quote or signature was found only in the page's text, the
// remaining part is shown as plain text.
func composePage(m *desk.Message, c *quote.Cutter, src *tags.Page, whole *markup.Page) {
	if whole.Truncated() {
		degrade(m, desk.DegradedText)
	}
	page := c.PartHTML(src)
	pictures(m, page.Bare.Source)
	names := pictureNames(m)
	whole.NamePictures(names)
	own := whole
	if page.Own != src {
		own = markup.Parse(page.Own)
		own.NamePictures(names)
	}
	text := own.Text()
	m.FullText, m.FullCode = whole.Text(), whole.BBCode()
	took(m, c.Part(text))
	if m.QuoteCut || m.Signature != "" {
		m.BBCode = markup.Escape(m.Text)
	} else {
		m.BBCode = own.BBCode()
	}
	m.Quoted = strings.TrimSpace(markup.Parse(page.Quoted).Text() + "\n" + m.Quoted)
	m.QuoteCut = m.QuoteCut || page.Cut
	if m.Signature == "" {
		m.Signature = strings.TrimSpace(markup.Parse(page.Signature).Text())
	}
}

// pictures marks the pictures that are shown only in quotes and signatures. bare is the page without quotes and
// signatures.
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

// pictureNames returns the names of attachments by Content-ID, in lower case.
func pictureNames(m *desk.Message) map[string]string {
	names := map[string]string{}
	for _, a := range m.Attachments {
		if id := strings.ToLower(a.ContentID); id != "" && names[id] == "" {
			names[id] = a.Name
		}
	}
	return names
}

// pictureLabel matches what programs write for an inline picture when they make plain text from a page.
var pictureLabel = lazy.Regexp(`(?i)\[cid:([^\]\s]{1,500})\]`)

// labelled replaces the labels of pictures in a plain text by file names.
func labelled(text string, names map[string]string) string {
	if len(names) == 0 || strings.IndexByte(text, '[') < 0 {
		return text
	}
	return pictureLabel().ReplaceAllStringFunc(text, func(label string) string {
		if name := names[strings.ToLower(label[len("[cid:"):len(label)-1])]; name != "" {
			return "(" + name + ")"
		}
		return label
	})
}

// originals fills in whose message is forwarded. If only the subject shows that it is a forward, what looks like a
// quote is kept, because the sender wants to show it.
func originals(m *desk.Message, c *quote.Cutter) {
	bySubject := c.IsForward(m.Subject)
	text := m.Text // a forward inside a quote does not count
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
