package markup

import "strings"

// HTML returns the portal's BBCode as HTML for a letter, which is also well-formed XML. It contains only tags and
// styles of this package, and links to http, https and mailto addresses.
func HTML(bbcode string) string {
	h := &letterHTML{fresh: true}
	repair(lex(bbcode), h)
	h.endPara()
	return strings.Trim(h.out.String(), "\n")
}

// The styles are neutral, so that they suit a light and a dark background.
var openHTML = map[string]string{
	"quote":  `<blockquote style="margin:0 0 12px 0;padding:0 0 0 12px;border-left:3px solid #9aa0a6">`,
	"ul":     `<ul style="margin:0 0 12px 0;padding:0 0 0 24px">`,
	"ol":     `<ol style="margin:0 0 12px 0;padding:0 0 0 24px">`,
	"li":     `<li style="margin:0 0 4px 0">`,
	"table":  `<table cellpadding="0" cellspacing="0" style="border-collapse:collapse;margin:0 0 12px 0">`,
	"tr":     `<tr>`,
	"td":     `<td align="left" valign="top" style="padding:4px 8px;border:1px solid #9aa0a6">`,
	"div":    `<div>`,
	"center": `<div style="text-align:center">`,
	"right":  `<div style="text-align:right">`,
	"p":      `<p style="margin:0 0 12px 0">`,
	"pre": `<pre style="margin:0 0 12px 0;padding:0 0 0 12px;border-left:3px solid #9aa0a6;` +
		`font-family:Consolas,Menlo,monospace;font-size:14px;white-space:pre-wrap;word-wrap:break-word">`,
}

var closeHTML = map[string]string{
	"quote": "</blockquote>", "ul": "</ul>", "ol": "</ol>", "li": "</li>", "table": "</table>", "tr": "</tr>",
	"td": "</td>", "div": "</div>", "center": "</div>", "right": "</div>",
}

// letterHTML writes HTML. A block is opened together with its first content. Text directly in the letter, in a quote or
// in an aligned block is put into paragraphs.
type letterHTML struct {
	out   strings.Builder
	path  []string // open blocks
	due   int      // number of blocks at the end of path not yet written
	para  bool     // a paragraph is open
	now   format   // the open inline tags
	nl    int      // pending newlines
	fresh bool     // nothing since the last tag of a block, so pending newlines are dropped
}

func (h *letterHTML) open(block string) {
	h.path = append(h.path, block)
	h.due++
	if block == "td" {
		h.settle()
	}
}

func (h *letterHTML) close(block string) {
	h.path = h.path[:len(h.path)-1]
	if h.due > 0 {
		h.due--
		return
	}
	h.endPara()
	h.out.WriteString(closeHTML[block])
	h.nl, h.fresh = 0, true
}

// settle writes the pending blocks.
func (h *letterHTML) settle() {
	if h.due == 0 {
		return
	}
	h.endPara()
	for _, block := range h.path[len(h.path)-h.due:] {
		h.out.WriteString("\n" + openHTML[block])
	}
	h.due, h.nl, h.fresh = 0, 0, true
}

func (h *letterHTML) newline() {
	if !h.fresh || h.due > 0 {
		h.nl++
	}
}

func (h *letterHTML) text(s string, f format) {
	if strings.TrimSpace(s) == "" && (h.fresh || h.due > 0) {
		return
	}
	h.settle()
	h.gap()
	h.inline(f)
	if f.href != "" {
		h.out.WriteString(escapeHTML(s, h.fresh))
	} else {
		h.autolink(s)
	}
	h.fresh = false
}

// gap writes the pending newlines and opens a paragraph if the text needs one.
func (h *letterHTML) gap() {
	paras := h.inParas()
	switch {
	case h.fresh || h.nl == 0:
	case h.nl > 1 && paras:
		h.endPara()
	default:
		h.out.WriteString(strings.Repeat("<br/>", min(h.nl, 2)))
	}
	if h.nl > 0 {
		h.nl, h.fresh = 0, true
	}
	if paras && !h.para {
		h.out.WriteString("\n" + openHTML["p"])
		h.para = true
	}
}

func (h *letterHTML) inParas() bool {
	if len(h.path) == 0 {
		return true
	}
	switch h.path[len(h.path)-1] {
	case "li", "td":
		return false
	}
	return true
}

func (h *letterHTML) endPara() {
	h.inline(format{})
	if h.para {
		h.out.WriteString("</p>")
		h.para = false
	}
}

func (h *letterHTML) code(s string) {
	h.settle()
	h.endPara()
	h.out.WriteString("\n" + openHTML["pre"] + plainHTML.Replace(s) + "</pre>")
	h.nl, h.fresh = 0, true
}
