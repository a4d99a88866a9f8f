package markup

import (
	"strings"

	"golang.org/x/net/html"
)

// maxDepth bounds the open elements; deeper ones are left out of the tree, their content is not.
// QUIRK: html.Parse gives up at 512, and long reply chains of Outlook go beyond that (x/net/html).
const maxDepth = 300

// node is an element or, without a tag, a text.
type node struct {
	tag    string
	text   string
	attr   []html.Attribute
	kids   []*node
	closed bool // by its own end tag
	look   look
	size   int // visible characters inside, set by measure
	tables int // tables inside
}

func (n *node) get(name string) string {
	for _, a := range n.attr {
		if a.Key == name {
			return clean(a.Val)
		}
	}
	return ""
}

func (n *node) has(name string) bool {
	for _, a := range n.attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

var (
	voidTags = names(`area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr`)
	// rawTags hold no text for a reader; the tokenizer takes their content as it stands, up to the end tag.
	rawTags = names(`script style title noscript iframe noembed noframes`)
	// islandTags are left out when they are properly closed; an unclosed one must not swallow the letter.
	islandTags = names(`svg template xml datalist object applet`)
	paraTags   = names(`p h1 h2 h3 h4 h5 h6 ul ol dl blockquote pre`)
	lineTags   = names(`div section article header footer tr td th form center dt dd fieldset li main nav aside body html
		address legend option caption details summary table tbody thead tfoot figure figcaption xmp listing hr`)
	tableTags = names(`table tbody thead tfoot tr td th caption`)
	cellStops = names(`table td th caption`)
	rowStops  = names(`table`)
	listStops = names(`ul ol table td th blockquote`)
)

// builder makes a tree of the tokens of a letter, however broken.
type builder struct {
	stack []*node // open elements, the root first
	over  int     // start tags beyond maxDepth whose end tags are still to come
}

// parseHTML returns the root of the tree.
func parseHTML(s string) *node {
	root := &node{}
	b := &builder{stack: []*node{root}}
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			measure(root)
			return root
		case html.TextToken:
			b.text(string(z.Text()))
		case html.StartTagToken:
			b.start(z.Token(), false)
		case html.SelfClosingTagToken:
			b.start(z.Token(), true)
		case html.EndTagToken:
			name, _ := z.TagName()
			b.end(string(name))
		}
	}
}

func (b *builder) top() *node { return b.stack[len(b.stack)-1] }

func (b *builder) text(raw string) {
	if t := clean(raw); t != "" && !rawTags[b.top().tag] {
		b.top().kids = append(b.top().kids, &node{text: t})
	}
}

func (b *builder) start(t html.Token, selfClosing bool) {
	b.closeImplied(t.Data)
	n := &node{tag: t.Data, attr: t.Attr}
	n.look = lookOf(n)
	if !rawTags[n.tag] {
		b.top().kids = append(b.top().kids, n)
	}
	switch {
	case voidTags[n.tag], selfClosing && strings.Contains(n.tag, ":"):
	case len(b.stack) >= maxDepth && !rawTags[n.tag]:
		b.over++
	default:
		b.stack = append(b.stack, n)
	}
}

// closeImplied closes the elements that the start of another ends (HTML 13.1.2.4).
func (b *builder) closeImplied(tag string) {
	if paraTags[tag] || lineTags[tag] {
		b.pop(cellStops, "p")
	}
	switch tag {
	case "li":
		b.pop(listStops, "li")
	case "dt", "dd":
		b.pop(listStops, "dt", "dd")
	case "td", "th":
		b.pop(rowStops, "td", "th")
	case "tr":
		b.pop(rowStops, "tr")
	case "tbody", "thead", "tfoot":
		b.pop(rowStops, "tbody", "thead", "tfoot")
	case "a", "option":
		b.pop(cellStops, tag)
	}
}

func (b *builder) end(tag string) {
	if tag == "br" || tag == "p" && !b.isOpen("p") {
		b.top().kids = append(b.top().kids, &node{tag: tag})
		return
	}
	if b.over > 0 && !voidTags[tag] && !rawTags[tag] {
		b.over--
		return
	}
	stops := cellStops
	if tableTags[tag] {
		stops = rowStops
	}
	b.pop(stops, tag)
}

func (b *builder) isOpen(tag string) bool {
	for i := len(b.stack) - 1; i > 0 && !cellStops[b.stack[i].tag]; i-- {
		if b.stack[i].tag == tag {
			return true
		}
	}
	return false
}

// pop closes the innermost open element of one of the names, and all inside it, unless a stop lies between.
func (b *builder) pop(stops map[string]bool, tags ...string) {
	for i := len(b.stack) - 1; i > 0; i-- {
		for _, tag := range tags {
			if b.stack[i].tag == tag {
				b.stack[i].closed = true
				b.stack = b.stack[:i]
				return
			}
		}
		if stops[b.stack[i].tag] {
			return
		}
	}
}
