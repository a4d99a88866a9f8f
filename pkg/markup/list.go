package markup

import (
	"fmt"
	"strconv"
)

// numbers counts the items of a list; next is 0 in one without numbers.
type numbers struct{ next int }

func (k *walker) list(n *node) {
	l, open := &numbers{}, "LIST"
	if n.tag == "ol" {
		l.next, open = 1, "LIST=1"
		if start, err := strconv.Atoi(n.get("start")); err == nil && start > 0 && start < 1e6 {
			l.next = start
		}
	}
	k.lists = append(k.lists, l)
	if k.lists = k.lists[:len(k.lists):len(k.lists)]; len(k.lists) > 1 {
		k.w.line()
	} else {
		k.w.para()
	}
	k.begin(mark{open: open, shut: "LIST", lined: true})
	k.kids(n)
	k.end()
	k.lists = k.lists[:len(k.lists)-1]
	if k.w.line(); len(k.lists) == 0 {
		k.w.para()
	}
}

func (k *walker) item(n *node) {
	k.w.line()
	if len(k.lists) == 0 {
		k.kids(n)
		k.w.line()
		return
	}
	if k.bb {
		k.w.begin(mark{open: "*", lone: true})
		k.kids(n)
		k.w.end()
		k.w.line()
		return
	}
	bullet, l := "- ", k.lists[len(k.lists)-1]
	if l.next > 0 {
		bullet = fmt.Sprintf("%d. ", l.next)
	}
	if k.w.flat > 0 || len(k.lists) > mostQuotes {
		k.kids(n)
		k.w.line()
		return
	}
	before := k.w.indent
	k.w.indent += len(bullet)
	k.w.bullet = bullet
	k.kids(n)
	if k.w.bullet == "" && l.next > 0 {
		l.next++
	}
	k.w.line()
	k.w.bullet, k.w.indent = "", before
}
