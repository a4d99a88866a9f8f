package markup

import (
	"strings"
)

// longestCell bounds a cell of a data table, in characters. A longer cell means that the table is for layout.
const longestCell = 600

// measure counts the visible characters and the tables inside every node. Trees are at most maxDepth deep.
func measure(n *node) {
	n.size = int32(visible(n.text))
	for kid := n.first; kid != nil; kid = kid.next {
		measure(kid)
		if !kid.look.hidden {
			n.size += kid.size
		}
		n.tables += kid.tables
		if kid.tag == "table" {
			n.tables++
		}
	}
}

// rows returns the rows of a table, or of a part of one.
func rows(n *node) []*node {
	var all []*node
	for kid := n.first; kid != nil; kid = kid.next {
		switch kid.tag {
		case "tr":
			all = append(all, kid)
		case "tbody", "thead", "tfoot":
			for r := kid.first; r != nil; r = r.next {
				if r.tag == "tr" {
					all = append(all, r)
				}
			}
		}
	}
	return all
}

func cells(row *node) []*node {
	var all []*node
	for kid := row.first; kid != nil; kid = kid.next {
		if kid.tag == "td" || kid.tag == "th" {
			all = append(all, kid)
		}
	}
	return all
}

// isData distinguishes a data table from a layout table. A data table contains no other table and has at least two rows
// with at least two nonempty cells, all of them short.
//
// QUIRK: newsletters and Outlook put whole letters into tables; few mark them with role=presentation.
func isData(n *node) bool {
	role := strings.ToLower(n.get("role"))
	if n.tables > 0 || role == "presentation" || role == "none" {
		return false
	}
	wide, filled := 0, 0
	for _, row := range rows(n) {
		if row.size == 0 {
			continue
		}
		filled++
		texts := 0
		for _, cell := range cells(row) {
			if cell.size > longestCell {
				return false
			}
			if cell.size > 0 {
				texts++
			}
		}
		if texts >= 2 {
			wide++
		}
	}
	return wide >= 2 && wide*2 >= filled
}

// table writes a data table. The content of a layout table is written cell by cell, each on its own line.
func (k *walker) table(n *node) {
	if !isData(n) {
		k.w.line()
		k.kids(n)
		k.w.line()
		return
	}
	k.w.para()
	for kid := n.first; kid != nil; kid = kid.next {
		if kid.tag == "caption" {
			k.kids(kid)
			k.w.line()
		}
	}
	k.begin(mark{open: "TABLE", lined: true})
	for _, row := range rows(n) {
		if row.size > 0 && !row.look.hidden {
			k.row(row)
		}
	}
	k.end()
	k.w.para()
}

func (k *walker) row(row *node) {
	if !k.bb {
		k.w.line()
		k.w.flat++
		for i, cell := range cells(row) {
			if i > 0 {
				k.w.text(" | ")
			}
			k.kids(cell)
		}
		k.w.flat--
		k.w.line()
		return
	}
	k.w.line()
	k.begin(mark{open: "TR"})
	for _, cell := range cells(row) {
		k.begin(mark{open: "TD"})
		if !cell.look.hidden {
			k.kids(cell)
		}
		k.w.force()
		k.end()
	}
	k.end()
	k.w.line()
}
