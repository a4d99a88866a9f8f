package markup

import "strings"

// Plain returns the portal's BBCode as plain text, for the text part of a letter.
func Plain(bbcode string) string {
	p := &plainText{w: newWriter()}
	repair(lex(bbcode), p)
	p.link(format{})
	return p.w.finish()
}

// plainText writes plain text: > before quotes, bullets and numbers before items, bars between cells.
type plainText struct {
	w     *writer
	lists []*numbers
	saved []int // indents of the open items
	cells int   // cells written in the row
	now   format
	label strings.Builder // text of the open link
	shut  bool            // a block was just closed, and the next line end belongs to its tag
}

func (p *plainText) open(block string) {
	p.link(format{})
	switch block {
	case "quote":
		p.w.para()
		p.w.quote++
	case "ul", "ol":
		l := &numbers{}
		if block == "ol" {
			l.next, l.step = 1, 1
		}
		p.lists = append(p.lists, l)
		p.w.line()
	case "li":
		p.item()
	case "tr":
		p.w.line()
		p.w.flat++
		p.cells = 0
	case "td":
		if p.cells > 0 {
			p.w.text(" | ")
		}
		p.cells++
	default:
		p.w.line()
	}
}

func (p *plainText) item() {
	p.w.line()
	l := p.lists[len(p.lists)-1]
	bullet := l.label()
	l.next += l.step
	p.saved = append(p.saved, p.w.indent)
	p.w.indent += len(bullet)
	p.w.bullet = bullet
}

func (p *plainText) close(block string) {
	p.link(format{})
	p.shut = true
	switch block {
	case "quote":
		p.w.line()
		p.w.quote--
		p.w.para()
	case "ul", "ol":
		p.lists = p.lists[:len(p.lists)-1]
		p.w.line()
	case "li":
		p.w.line()
		p.w.bullet, p.w.indent = "", p.saved[len(p.saved)-1]
		p.saved = p.saved[:len(p.saved)-1]
	case "tr":
		p.w.flat--
		p.w.line()
	case "td":
	default:
		p.w.line()
	}
}

func (p *plainText) text(s string, f format) {
	p.link(f)
	if f.href != "" {
		p.label.WriteString(s)
	}
	p.w.text(s)
	p.shut = false
}

func (p *plainText) newline() {
	if !p.shut {
		p.w.brk()
	}
	p.shut = false
}

func (p *plainText) code(s string) {
	p.link(format{})
	p.w.para()
	p.w.raw(s)
	p.w.para()
}

// link writes the address of the link that ends, unless its text shows the address.
func (p *plainText) link(f format) {
	if before := p.now.href; before != "" && before != f.href {
		label := strings.TrimSpace(p.label.String())
		if !sameAddress(label, before) && !strings.EqualFold("mailto:"+label, before) {
			p.w.text(" (" + before + ")")
		}
	}
	if f.href != p.now.href {
		p.label.Reset()
	}
	p.now = f
}
