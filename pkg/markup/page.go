package markup

import (
	"net/url"
	"strings"

	"helpdesk/pkg/tags"
)

// Page is the parsed HTML of a letter, for several conversions. Each of them is made once. A page is not safe for
// concurrent use.
type Page struct {
	root *node
	base *url.URL
	bare bool
	pics map[string]string // file names of pictures by Content-ID in lower case
	size int               // bytes of its text
	cut  bool

	inline bool   // at least one picture has a Content-ID
	text   string // as made by Text; "" = not made yet
	code   string // as made by BBCode
}

// Parse parses the HTML of a letter.
func Parse(page *tags.Page) *Page {
	b := build(page)
	return &Page{root: b.root(), bare: isBare(b.root()), base: b.base, size: b.size, cut: b.full(), inline: b.inline}
}

// NamePictures sets the file names of inline pictures by Content-ID, in lower case and without <>. Texts show these
// names. Before the call, a Content-ID that looks like a file name is shown instead.
func (p *Page) NamePictures(names map[string]string) {
	if p.inline {
		p.pics, p.text, p.code = names, "", ""
	}
}

// Text returns the page as plain text with paragraphs, lists, tables with separated cells, and links as "text (url)".
// It omits styles, scripts, hidden text and tracking pictures.
func (p *Page) Text() string {
	if p.text == "" {
		p.text = p.write(false)
	}
	return p.text
}

// BBCode returns the page in the portal's markup. Brackets and number signs of the text are escaped as in Escape.
// Pictures are replaced by their names.
func (p *Page) BBCode() string {
	if p.code == "" {
		p.code = escape(p.write(true))
	}
	return p.code
}

// Truncated reports whether the page has too many elements. An ellipsis replaces those beyond the limit.
func (p *Page) Truncated() bool { return p.cut }

func (p *Page) write(bb bool) string {
	w := newWriter()
	w.out.Grow(p.size)
	(&walker{w: w, bb: bb, pre: p.bare, base: p.base, pics: p.pics}).kids(p.root)
	return w.finish()
}

// Addresses returns the link addresses of a page and the descriptions of its pictures, separated by spaces.
func (p *Page) Addresses() string {
	var b strings.Builder
	var gather func(n *node)
	gather = func(n *node) {
		for kid := n.first; kid != nil; kid = kid.next {
			for _, name := range []string{"href", "alt", "title"} {
				if v := kid.get(name); v != "" {
					b.WriteString(v + " ")
				}
			}
			gather(kid)
		}
	}
	gather(p.root)
	return b.String()
}
