package markup

import "strings"

// format is the formatting of a run of text.
type format struct {
	bold, italic, under, strike bool
	href                        string
}

// sink receives repaired text: blocks are nested, lists contain only items, tables only rows, rows only cells.
type sink interface {
	open(block string)
	close(block string)
	text(s string, f format)
	newline()
	code(s string)
}

const (
	mostBlocks = 40  // limit of open blocks; deeper ones are dropped, but not their content
	mostOpen   = 400 // limit of open tags
)

// blockNames maps tags to the blocks that they open.
var blockNames = map[string]string{
	"QUOTE": "quote", "LIST": "ul", "UL": "ul", "OL": "ol", "LI": "li", "*": "li", "TABLE": "table", "TR": "tr",
	"TD": "td", "TH": "td", "P": "div", "LEFT": "div", "JUSTIFY": "div", "CENTER": "center", "RIGHT": "right",
	"SPOILER": "div", "CUT": "div", "H1": "div", "H2": "div", "H3": "div", "H4": "div", "H5": "div", "H6": "div",
}

// openTag is a tag that is open.
type openTag struct {
	name  string
	block string // "" = inline
	href  string
}

// repairer turns any sequence of tags into well-nested calls of a sink.
type repairer struct {
	to     sink
	stack  []openTag
	blocks int
	over   map[string]int // number of tags that were too deep to open and still have to be closed
}

func repair(tokens []token, to sink) {
	r := &repairer{to: to, over: map[string]int{}}
	for _, t := range tokens {
		r.token(t)
	}
	r.cut(0)
}

func (r *repairer) token(t token) {
	switch t.kind {
	case tokenText:
		r.text(shown(t.text))
	case tokenNewline:
		if top := r.topBlock(); top != "ul" && top != "ol" && top != "table" && top != "tr" {
			r.to.newline()
		}
	case tokenCode:
		r.flow()
		r.to.code(strings.Trim(shown(t.text), "\n"))
	case tokenLink:
		r.link(t)
	case tokenClose:
		r.closeTag(t.name)
	case tokenOpen:
		r.openTag(t)
	}
}

func (r *repairer) text(s string) {
	if strings.TrimSpace(s) == "" {
		switch r.topBlock() {
		case "ul", "ol", "table", "tr":
			return
		}
	}
	r.flow()
	r.to.text(s, r.format())
}

// link writes a link whose text is its address.
func (r *repairer) link(t token) {
	s := strings.TrimSpace(shown(t.arg))
	f := r.format()
	href := s
	if t.name == "EMAIL" || t.name == "MAIL" {
		href = "mailto:" + s
	}
	if href = linkAddress(href); f.href == "" {
		f.href = href
	}
	if t.name == "VIDEO" && href == "" || s == "" {
		return
	}
	r.flow()
	r.to.text(s, f)
}

// flow opens an item or cell if the current block requires one for text and blocks.
func (r *repairer) flow() {
	switch r.topBlock() {
	case "ul", "ol":
		r.push(openTag{name: "*", block: "li"})
	case "table":
		r.push(openTag{name: "TR", block: "tr"})
		r.push(openTag{name: "TD", block: "td"})
	case "tr":
		r.push(openTag{name: "TD", block: "td"})
	}
}

func (r *repairer) topBlock() string {
	for i := len(r.stack) - 1; i >= 0; i-- {
		if r.stack[i].block != "" {
			return r.stack[i].block
		}
	}
	return ""
}

func (r *repairer) format() format {
	var f format
	for _, t := range r.stack {
		switch t.name {
		case "B", "H1", "H2", "H3", "H4", "H5", "H6":
			f.bold = true
		case "I":
			f.italic = true
		case "U":
			f.under = true
		case "S":
			f.strike = true
		case "URL", "EMAIL", "MAIL":
			f.href = t.href
		}
	}
	return f
}

func (r *repairer) push(t openTag) {
	if t.block != "" {
		r.blocks++
		r.to.open(t.block)
	}
	r.stack = append(r.stack, t)
}

// cut closes all tags from index i on.
func (r *repairer) cut(i int) {
	for j := len(r.stack) - 1; j >= i; j-- {
		if b := r.stack[j].block; b != "" {
			r.blocks--
			r.to.close(b)
		}
	}
	r.stack = r.stack[:i]
}
