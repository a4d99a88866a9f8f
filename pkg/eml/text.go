package eml

import (
	"html"
	"strings"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
	"helpdesk/pkg/tags"
)

// pageCharset matches the charset that a page declares in a meta element or an XML declaration.
var pageCharset = lazy.Regexp(
	`(?i)<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*["']\s*([\w.:-]+)`)

// decodeText decodes a text part, normalizes its line ends and removes control characters.
func decodeText(b []byte, ct media, isHTML bool) (string, bool) {
	label := ct.params["charset"]
	if isHTML && !charset.Names(label) {
		if m := pageCharset().FindSubmatch(b[:min(len(b), 4096)]); m != nil {
			label = string(m[1]) + string(m[2])
		}
	}
	s, clean := charset.UTF8(b, label)
	s = plainLines(s)
	if isHTML {
		return s, clean
	}
	if strings.EqualFold(ct.params["format"], "flowed") {
		s = unflow(s, strings.EqualFold(ct.params["delsp"], "yes"))
	}
	return undouble(s), clean
}

// plainLines turns all line ends into \n and removes control characters. QUIRK: \r\r\n comes from programs that
// translate line ends twice; NUL comes from old Outlook and fax gateways.
func plainLines(s string) string {
	if strings.Contains(s, "\r") {
		s = strings.ReplaceAll(s, "\r\r\n", "\n")
		s = strings.ReplaceAll(s, "\r\n", "\n")
		s = strings.ReplaceAll(s, "\r", "\n")
	}
	return mapRare(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\f' || r == '\v':
			return '\n'
		case r < 0x20 || r == 0x7f || glyph.Invisible(r):
			return -1
		}
		return r
	}, s)
}

// unflow joins the lines of format=flowed (RFC 3676).
func unflow(s string, delSp bool) string {
	var out strings.Builder
	out.Grow(len(s))
	depth, open := 0, false
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		text := strings.TrimLeft(line, ">")
		quotes := len(line) - len(text)
		text = strings.TrimPrefix(text, " ")
		signature := text == "-- "
		if open && (quotes != depth || signature) {
			out.WriteByte('\n')
			open = false
		}
		if !open && quotes > 0 {
			out.WriteString(strings.Repeat(">", quotes) + " ")
		}
		depth = quotes
		open = strings.HasSuffix(text, " ") && !signature
		if open && delSp {
			text = text[:len(text)-1]
		}
		out.WriteString(text)
		if !open {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// undouble halves blank lines. QUIRK: when Outlook makes plain text of HTML, it adds a blank line after every line, so
// that paragraphs are three blank lines apart.
func undouble(s string) string {
	text := strings.TrimRight(s, " \t\n")
	if !isDoubled(text) {
		return s
	}
	var out []string
	run := 0
	for l := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(l) != "" {
			out = append(out, strings.Repeat("\n", run/2)+l)
			run = 0
			continue
		}
		run++
	}
	return strings.Join(out, "\n") + "\n"
}

// isDoubled reports whether every line is followed by an odd number of blank lines, and some by more than one.
func isDoubled(text string) bool {
	run, texts, wide := 0, 0, 0
	for l := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(l) == "" {
			run++
			continue
		}
		if texts > 0 && run%2 == 0 {
			return false
		}
		if run >= 3 {
			wide++
		}
		texts++
		run = 0
	}
	return texts >= 4 && wide > 0
}

// joinTexts fills Plain and HTML from the segments. A segment with only one form is converted for the other.
func (w *walker) joinTexts() {
	w.useSpares()
	anyPlain, anyHTML := false, false
	for _, s := range w.segments {
		anyPlain = anyPlain || strings.TrimSpace(s.plain) != ""
		anyHTML = anyHTML || strings.TrimSpace(s.html) != ""
	}
	var plain, rich []string
	for _, s := range w.segments {
		p, h := s.plain, s.html
		if anyPlain && strings.TrimSpace(p) == "" && h != "" {
			p = tags.Text(h)
		}
		if anyHTML && h == "" && strings.TrimSpace(p) != "" {
			h = "<div>" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>\n") + "</div>"
		}
		if anyPlain && strings.TrimSpace(p) != "" {
			plain = append(plain, p)
		}
		if h != "" {
			rich = append(rich, h)
		}
	}
	w.msg.Plain, w.msg.HTML = strings.Join(plain, "\n\n"), strings.Join(rich, "\n")
}
