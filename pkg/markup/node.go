package markup

import "helpdesk/pkg/tags"

// node is an element, or a text if tag is empty.
type node struct {
	tag    string
	text   string
	attr   []tags.Attr
	first  *node // first child
	last   *node
	next   *node // next sibling
	closed bool  // closed by its own end tag
	look   look
	size   int32 // number of visible characters inside, set by measure
	tables int32 // number of tables inside
}

func (n *node) get(name string) string {
	for _, a := range n.attr {
		if a.Name == name {
			return clean(a.Value)
		}
	}
	return ""
}

func (n *node) has(name string) bool {
	for _, a := range n.attr {
		if a.Name == name {
			return true
		}
	}
	return false
}

// add appends a child to n.
func (n *node) add(kid *node) {
	if n.last == nil {
		n.first = kid
	} else {
		n.last.next = kid
	}
	n.last = kid
}
