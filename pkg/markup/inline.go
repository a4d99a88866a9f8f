package markup

import (
	"strings"

	"helpdesk/pkg/lazy"
)

// inline closes and opens inline tags until the open ones are those of f.
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

var bareAddress = lazy.Regexp(`https?://[^\s<>"\x{00a0}]+`)

// autolink writes text and turns web addresses in it into links, since not every mail program does.
func (h *letterHTML) autolink(s string) {
	f := h.now
	last := 0
	for _, at := range bareAddress().FindAllStringIndex(s, -1) {
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

// escapeHTML returns text as HTML that preserves its spaces.
func escapeHTML(s string, lineStart bool) string {
	if lineStart && strings.HasPrefix(s, " ") {
		return "&#160;" + spaceHTML.Replace(s[1:])
	}
	return spaceHTML.Replace(s)
}
