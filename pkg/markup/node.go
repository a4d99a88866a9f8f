package markup

import "golang.org/x/net/html"

// node is an element or, without a tag, a text.
type node struct {
	tag    string
	text   string
	attr   []html.Attribute
	first  *node // of the nodes inside
	last   *node
	next   *node // the one behind it
	closed bool  // by its own end tag
	look   look
	size   int32 // visible characters inside, set by measure
	tables int32 // tables inside
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

// add puts a node behind those inside n.
func (n *node) add(kid *node) {
	if n.last == nil {
		n.first = kid
	} else {
		n.last.next = kid
	}
	n.last = kid
}
