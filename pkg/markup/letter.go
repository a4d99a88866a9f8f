package markup

import (
	"regexp"
	"strings"
)

// HTML returns the portal's BBCode as HTML for a letter, well-formed also as XML: nothing but the tags written here,
// with styles of our own, and links to http, https and mailto addresses.
func HTML(bbcode string) string {
	h := &letterHTML{fresh: true}
	repair(lex(bbcode), h)
	h.endPara()
	return strings.Trim(h.out.String(), "\n")
}

// Styles are neutral, so that they look right on light and on dark.
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

// letterHTML writes HTML. Blocks are opened with the first thing in them; text directly in the letter, a quote or an
// aligned block stands in paragraphs.
type letterHTML struct {
	out   strings.Builder
	path  []string // open blocks
	due   int      // of them, from the end, those not written yet
	para  bool     // a paragraph is open
	now   format   // the inline tags that are open
	nl    int      // newlines owed
	fresh bool     // nothing behind the last tag of a block: newlines are not owed
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

// settle writes the blocks that are owed.
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

// gap writes the newlines that are owed and opens the paragraph text needs.
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

// inline closes and opens inline tags until they are those of f.
func (h *letterHTML) inline(f format) {
	if f == h.now {
		return
	}
	h.out.WriteString(closeInline(h.now) + openInline(f))
	h.now = f
}

func openInline(f format) string {
	s := ""
	if f.href != "" {
		s = `<a href="` + plainHTML.Replace(f.href) + `" style="color:#1a5fb4;text-decoration:underline">`
	}
	for _, t := range []struct {
		on  bool
		tag string
	}{{f.bold, "<b>"}, {f.italic, "<i>"}, {f.under, "<u>"}, {f.strike, "<s>"}} {
		if t.on {
			s += t.tag
		}
	}
	return s
}

func closeInline(f format) string {
	s := ""
	for _, t := range []struct {
		on  bool
		tag string
	}{{f.strike, "</s>"}, {f.under, "</u>"}, {f.italic, "</i>"}, {f.bold, "</b>"}, {f.href != "", "</a>"}} {
		if t.on {
			s += t.tag
		}
	}
	return s
}

var bareAddress = regexp.MustCompile(`https?://[^\s<>"\x{00a0}]+`)

// autolink writes text, web addresses in it as links: not every mail program makes them such.
func (h *letterHTML) autolink(s string) {
	f := h.now
	last := 0
	for _, at := range bareAddress.FindAllStringIndex(s, -1) {
		raw := strings.TrimRight(s[at[0]:at[1]], ".,;:!?)»”'*_")
		href := linkAddress(raw)
		if href == "" {
			continue
		}
		h.out.WriteString(escapeHTML(s[last:at[0]], h.fresh && last == 0))
		with := f
		with.href = href
		h.inline(with)
		h.out.WriteString(escapeHTML(raw, false))
		h.inline(f)
		last = at[0] + len(raw)
	}
	h.out.WriteString(escapeHTML(s[last:], h.fresh && last == 0))
}

var (
	plainHTML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")
	spaceHTML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;",
		"\t", "&#160;&#160;&#160;&#160;", "  ", "&#160; ", "\u00a0", "&#160;")
)

// escapeHTML returns text as HTML that keeps its spaces.
func escapeHTML(s string, lineStart bool) string {
	if lineStart && strings.HasPrefix(s, " ") {
		return "&#160;" + spaceHTML.Replace(s[1:])
	}
	return spaceHTML.Replace(s)
}
