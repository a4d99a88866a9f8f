package markup

import (
	"strconv"
	"strings"
	"time"
)

// openTag opens a tag, or writes its replacement. Of tags without a look of their own (USER, SIZE, SEND …) only the
// content is kept.
func (r *repairer) openTag(t token) {
	block := blockNames[t.name]
	switch t.name {
	case "BR":
		r.to.newline()
	case "TIMESTAMP":
		if s := timestamp(t.arg); s != "" {
			r.text(s)
		}
	case "B", "I", "U", "S":
		r.inline(openTag{name: t.name})
	case "URL":
		r.inline(openTag{name: t.name, href: linkAddress(shown(t.arg))})
	case "EMAIL", "MAIL":
		r.inline(openTag{name: t.name, href: linkAddress("mailto:" + shown(t.arg))})
	case "*", "LI":
		r.item()
	case "TR", "TD", "TH":
		r.tablePart(t.name)
	case "LIST":
		if t.arg != "" {
			block = "ol"
		}
		r.flow()
		r.block(t.name, block)
	default:
		if block != "" {
			r.flow()
			r.block(t.name, block)
		}
	}
}

// tablePart opens a row or cell of the current table. Outside of tables it does nothing.
func (r *repairer) tablePart(name string) {
	parents := []string{"table"}
	if name != "TR" {
		parents = []string{"tr", "table"}
	}
	i := r.last(stopAtNothing, parents...)
	if i < 0 {
		return
	}
	r.cut(i + 1)
	if name == "TR" || r.stack[i].block == "table" {
		r.block("TR", "tr")
	}
	if name != "TR" {
		r.block("TD", "td")
	}
}

func (r *repairer) inline(t openTag) {
	if len(r.stack) >= mostOpen {
		r.over[t.name]++
		return
	}
	r.push(t)
}

func (r *repairer) block(name, block string) {
	if r.blocks >= mostBlocks || len(r.stack) >= mostOpen {
		r.over[name]++
		return
	}
	r.push(openTag{name: name, block: block})
}

// item begins an item of the current list. Outside of lists it writes a bullet.
func (r *repairer) item() {
	i := r.last(itemStops, "ul", "ol")
	if i < 0 {
		r.flow()
		r.to.text("• ", r.format())
		return
	}
	r.cut(i + 1)
	r.push(openTag{name: "*", block: "li"})
}

var (
	stopAtNothing = map[string]bool{}
	itemStops     = names("td quote")
	endStops      = names("td")
)

// last returns the stack index of the innermost of the blocks, or -1 if none is open or a stop is in between.
func (r *repairer) last(stops map[string]bool, blocks ...string) int {
	for i := len(r.stack) - 1; i >= 0; i-- {
		for _, b := range blocks {
			if r.stack[i].block == b {
				return i
			}
		}
		if stops[r.stack[i].block] {
			return -1
		}
	}
	return -1
}

// closeTag closes the innermost tag of the name: a block with everything inside it, an inline tag alone.
func (r *repairer) closeTag(name string) {
	if r.over[name] > 0 {
		r.over[name]--
		return
	}
	block := blockNames[name]
	if block == "" {
		r.closeInline(name)
		return
	}
	stops := endStops
	switch block {
	case "table", "tr", "td":
		stops = stopAtNothing
	}
	blocks := []string{block}
	if name == "LIST" {
		blocks = append(blocks, "ol")
	}
	if i := r.last(stops, blocks...); i >= 0 {
		r.cut(i)
	}
}

func (r *repairer) closeInline(name string) {
	for i := len(r.stack) - 1; i >= 0; i-- {
		if r.stack[i].name == name {
			r.stack = append(r.stack[:i], r.stack[i+1:]...)
			return
		}
	}
}

// timestamp returns the time of a TIMESTAMP tag. The tag has no time zone, so the text states UTC.
func timestamp(arg string) string {
	seconds, rest, _ := strings.Cut(arg, " ")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n < 0 || n > 1e11 {
		return ""
	}
	t := time.Unix(n, 0).UTC()
	if strings.Contains(rest, "DATE") && !strings.Contains(rest, "TIME") {
		return t.Format("02.01.2006")
	}
	return t.Format("02.01.2006 15:04 UTC")
}
