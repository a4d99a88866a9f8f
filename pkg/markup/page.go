package markup

import (
	"net/url"
	"strings"
)

// Page is the HTML of a letter, read once for all that is made of it.
type Page struct {
	root *node
	base *url.URL
	bare bool
	pics map[string]string // file names of pictures by their Content-ID in lower case
	size int               // bytes of its text
	cut  bool
}

// Parse reads the HTML of a letter into a Page.
func Parse(html string) *Page {
	b := parseHTML(html)
	return &Page{root: b.root(), bare: isBare(b.root()), base: b.base, size: b.size, cut: b.full()}
}

// NamePictures gives the page the file names of its inline pictures, by their Content-ID in lower case and without <>.
// Texts show these names. Until it is called any Content-ID may stand for a name.
func (p *Page) NamePictures(names map[string]string) { p.pics = names }

// Text returns the page as plain text: paragraphs, lists, tables with their cells apart, links as "text (url)"; no
// styles, scripts, hidden text or tracking pictures.
func (p *Page) Text() string { return p.write(false) }

// BBCode returns the page in the portal's markup. Brackets and number signs of the writer's own text are escaped as in
// Escape; pictures become their names.
func (p *Page) BBCode() string { return escape(p.write(true)) }

// Truncated reports whether the page has more elements than are read. An ellipsis stands for the rest.
func (p *Page) Truncated() bool { return p.cut }

func (p *Page) write(bb bool) string {
	w := newWriter()
	w.out.Grow(p.size)
	(&walker{w: w, bb: bb, pre: p.bare, base: p.base, pics: p.pics}).kids(p.root)
	return w.finish()
}

// Addresses returns the addresses that links of a page lead to and the descriptions of its pictures, apart by spaces.
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
