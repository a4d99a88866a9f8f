package markup

import (
	"net/url"
	"strings"
)

// walker writes an HTML tree as plain text or, with bb, as BBCode.
type walker struct {
	w      *writer
	bb     bool
	pre    bool           // spaces are preserved
	tiny   bool           // the text is too small to be visible
	active map[string]int // the open inline tags
	lists  []*numbers     // the open lists
	pics   map[string]string
	base   *url.URL // base of relative links; nil = unknown

	between string // separator of the next digits from the previous ones; "" = none
}

var inlineTags = map[string]string{
	"b": "B", "strong": "B", "i": "I", "em": "I", "u": "U", "ins": "U", "s": "S", "strike": "S", "del": "S",
}

func (k *walker) kids(n *node) {
	for kid := n.first; kid != nil; kid = kid.next {
		k.node(kid)
	}
}

func (k *walker) begin(m mark) {
	if k.bb {
		k.w.begin(m)
	}
}

func (k *walker) end() {
	if k.bb {
		k.w.end()
	}
}

func (k *walker) node(n *node) {
	if n.tag == "" {
		k.text(n.text)
		return
	}
	if n.look.hidden || islandTags[n.tag] && n.closed {
		return
	}
	defer func(pre, tiny bool) { k.pre, k.tiny = pre, tiny }(k.pre, k.tiny)
	k.pre = k.pre || n.look.pre
	k.tiny = (k.tiny || n.look.tiny) && !n.look.sized
	k.element(n)
}

func (k *walker) text(s string) {
	if !k.tiny {
		k.part(s)
	}
	switch {
	case k.tiny:
	case k.pre:
		k.w.raw(strings.ReplaceAll(s, "\t", "    "))
	default:
		k.w.text(s)
	}
}

func (k *walker) element(n *node) {
	switch n.tag {
	case "br":
		k.w.brk()
	case "hr":
		k.w.line()
		k.w.put("———")
		k.w.line()
	case "img":
		k.w.text(pictureName(n, k.pics))
	case "a":
		k.link(n)
	case "table":
		k.table(n)
	case "ul", "ol", "menu", "dir":
		k.list(n)
	case "li":
		k.item(n)
	case "blockquote":
		k.quote(n)
	case "pre":
		k.code(n)
	case "h1", "h2", "h3", "h4", "h5", "h6":
		k.w.para()
		k.inline(n, "B")
		k.w.para()
	case "sup":
		k.shifted(n, raisedDigits, "^")
	case "sub":
		k.shifted(n, loweredDigits, "_")
	case "small", "big", "s", "strike", "del", "ins":
		k.apart(" ", func() { k.other(n) })
	case "input":
		if typedText[strings.ToLower(n.get("type"))] {
			k.w.text(" " + n.get("value") + " ")
		}
	case "q":
		k.w.text(`"`)
		k.kids(n)
		k.w.text(`"`)
	default:
		k.other(n)
	}
}

func (k *walker) other(n *node) {
	switch {
	case n.look.raised != 0:
		k.raised(n)
	case n.tag == "span", n.tag == "font", inlineTags[n.tag] == "B" && n.look.normal:
		k.styled(n)
	case inlineTags[n.tag] != "":
		k.inline(n, inlineTags[n.tag])
	case n.look.tight && paraTags[n.tag], lineTags[n.tag]:
		k.w.line()
		k.kids(n)
		k.w.line()
	case paraTags[n.tag]:
		k.w.para()
		k.kids(n)
		k.w.para()
	default:
		k.kids(n)
	}
}

// raised writes an element that is raised or lowered by its style.
func (k *walker) raised(n *node) {
	if n.look.raised > 0 {
		k.shifted(n, raisedDigits, "^")
		return
	}
	k.shifted(n, loweredDigits, "_")
}

// typedText are the types of form fields with visible content.
var typedText = names(`text search tel email url number date time datetime-local month week submit button`)

// styled writes an element that is bold or italic by its style, as from 1C, web mail and Word.
func (k *walker) styled(n *node) {
	inner := func() { k.kids(n) }
	if n.look.italic {
		inner = func() { k.within("I", func() { k.kids(n) }) }
	}
	if n.look.bold {
		k.within("B", inner)
		return
	}
	inner()
}

func (k *walker) inline(n *node, name string) { k.within(name, func() { k.kids(n) }) }

// within writes content inside an inline tag, unless that tag is already open.
func (k *walker) within(name string, inner func()) {
	if !k.bb || k.active[name] > 0 {
		inner()
		return
	}
	if k.active == nil {
		k.active = map[string]int{}
	}
	k.active[name]++
	k.w.begin(mark{open: name, inline: true})
	inner()
	k.w.end()
	k.active[name]--
}

func (k *walker) quote(n *node) {
	k.w.para()
	k.begin(mark{open: "QUOTE"})
	if !k.bb {
		k.w.quote++
	}
	k.kids(n)
	k.w.line()
	if !k.bb {
		k.w.quote--
	}
	k.end()
	k.w.para()
}

// code writes preformatted text.
//
// QUIRK: Thunderbird and mailing lists put a whole ordinary letter into pre; only text marked as code is code.
func (k *walker) code(n *node) {
	if !k.bb || !isCode(n) {
		k.other(n)
		return
	}
	k.w.para()
	k.w.begin(mark{open: "CODE"})
	k.kids(n)
	k.w.end()
	k.w.para()
}

func isCode(n *node) bool {
	for kid := n.first; kid != nil; kid = kid.next {
		if kid.tag != "" && kid.tag != "code" && kid.tag != "span" {
			return false
		}
	}
	class := strings.ToLower(n.get("class"))
	return !strings.HasPrefix(class, "moz-") && !strings.Contains(n.get("style"), "wrap")
}
