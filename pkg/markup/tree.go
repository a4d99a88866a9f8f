package markup

import (
	"net/url"
	"strings"

	"helpdesk/pkg/tags"
)

// maxDepth bounds the open elements. Deeper elements are dropped from the tree, but not their content.
//
// QUIRK: html.Parse gives up at 512, and long reply chains of Outlook exceed that (x/net/html).
const maxDepth = 300

// maxNodes bounds the elements and texts of a page, at about a hundred bytes each. The portal accepts far less text.
const maxNodes = 100_000

var (
	voidTags = names(`area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr`)
	// islandTags are dropped with their content if they are closed; an unclosed one must not hide the letter.
	islandTags = names(`svg template xml datalist`)
	paraTags   = names(`p h1 h2 h3 h4 h5 h6 ul ol dl blockquote pre`)
	lineTags   = names(`div section article header footer tr td th form center dt dd fieldset li main nav aside body html
		address legend option caption details summary table tbody thead tfoot figure figcaption xmp listing hr`)
	tableTags = names(`table tbody thead tfoot tr td th caption`)
	cellStops = names(`table td th caption`)
	rowStops  = names(`table`)
	listStops = names(`ul ol table td th blockquote`)
)

// builder builds a tree from the tokens of a letter, even an invalid one.
type builder struct {
	stack []*node // open elements, the root first
	over  int     // start tags beyond maxDepth with an end tag still to come
	nodes int
	spare []node // allocated but unused nodes
	size  int    // bytes of text
	base  *url.URL

	inline bool // at least one picture has a Content-ID
}

// build builds the tree of a letter up to its end or the limit of nodes.
func build(page *tags.Page) *builder {
	b := &builder{stack: []*node{{}}}
	for t := range page.All() {
		if b.full() {
			break
		}
		b.token(t)
	}
	if b.full() {
		b.root().add(&node{text: string(ellipsis)})
	}
	measure(b.root())
	return b
}

func (b *builder) token(t tags.Token) {
	switch t.Kind {
	case tags.Words:
		b.text(t.Data)
	case tags.Close:
		b.end(t.Data)
	default:
		b.start(t)
	}
}

func (b *builder) root() *node { return b.stack[0] }

func (b *builder) full() bool { return b.nodes >= maxNodes }

// node returns a new node. Nodes are allocated in batches.
func (b *builder) node(tag, text string) *node {
	if len(b.spare) == 0 {
		b.spare = make([]node, min(8+b.nodes, 256))
	}
	n := &b.spare[0]
	b.spare = b.spare[1:]
	b.nodes++
	n.tag, n.text = tag, text
	return n
}

func (b *builder) top() *node { return b.stack[len(b.stack)-1] }

func (b *builder) text(raw string) {
	if t := clean(raw); t != "" {
		b.size += len(t)
		b.top().add(b.node("", t))
	}
}

func (b *builder) start(t tags.Token) {
	n := b.node(t.Data, "")
	b.closeImplied(n.tag)
	n.attr = t.Attrs
	n.look = lookOf(n)
	b.top().add(n)
	if n.tag == "img" {
		_, inline := cutPrefixFold(strings.TrimSpace(n.get("src")), "cid:")
		b.inline = b.inline || inline
	}
	if n.tag == "base" && b.base == nil {
		b.base = baseAddress(n.get("href"))
	}
	switch {
	case voidTags[n.tag], t.Kind == tags.Single &&
		(n.look.hidden || strings.Contains(n.tag, ":")): // as XHTML writers mean it
	case len(b.stack) >= maxDepth:
		b.over++
	default:
		b.stack = append(b.stack, n)
	}
}

// closeImplied closes the elements that the start of another element ends (HTML 13.1.2.4).
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
		b.top().add(b.node(tag, ""))
		return
	}
	if b.over > 0 && !voidTags[tag] {
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

// pop closes the innermost open element with one of the names and everything inside it, unless a stop is in between.
func (b *builder) pop(stops map[string]bool, names ...string) {
	for i := len(b.stack) - 1; i > 0; i-- {
		for _, tag := range names {
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
