package eml

import (
	"bytes"
	"html"
	"strings"
	"unicode/utf8"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
	"helpdesk/pkg/tags"
)

// pageCharset matches the charset that a page declares in a meta element or an XML declaration.
var pageCharset = lazy.Regexp(
	`(?i)<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*["']\s*([\w.:-]+)`)

// readable decodes a text part, normalizes its line ends and removes control characters. It does so in the buffer, and
// copies the result once.
func (b *buffers) readable(raw []byte, ct media, isHTML bool) (string, bool) {
	label := ct.params["charset"]
	if isHTML && !charset.Names(label) {
		if m := pageCharset().FindSubmatch(raw[:min(len(raw), 4096)]); m != nil {
			label = string(m[1]) + string(m[2])
		}
	}
	var clean bool
	b.plain, clean = charset.Append(b.plain[:0], raw, label)
	text := plainLines(b.plain)
	if isHTML {
		return string(text), clean
	}
	if strings.EqualFold(ct.params["format"], "flowed") {
		b.text = unflow(b.text[:0], text, strings.EqualFold(ct.params["delsp"], "yes"))
		text = b.text
	}
	return undouble(string(text)), clean
}

// plainLines turns all line ends of a text in UTF-8 into \n and removes control characters, in place. QUIRK: NUL comes
// from old Outlook and fax gateways.
func plainLines(text []byte) []byte {
	kept, from := text[:0], 0
	for i := 0; i < len(text); {
		if !beginsRare[text[i]] {
			i++
			continue
		}
		n := oddEnd(text[i:])
		ends := n > 0
		if !ends {
			var r rune
			if r, n = utf8.DecodeRune(text[i:]); r >= 0x20 && r != 0x7f && !glyph.Invisible(r) {
				i += n
				continue
			}
		}
		kept = append(kept, text[from:i]...)
		if ends {
			kept = append(kept, '\n')
		}
		i += n
		from = i
	}
	return append(kept, text[from:]...)
}

// oddEnd returns the length of the line end, other than \n, at the beginning of a text, or 0. QUIRK: \r\r\n comes from
// programs that translate line ends twice.
func oddEnd(text []byte) int {
	switch text[0] {
	case '\f', '\v':
		return 1
	case '\r':
		const most = 3
		n := 1
		for n < most && n < len(text) && text[n] == '\r' {
			n++
		}
		if n < len(text) && text[n] == '\n' {
			return n + 1
		}
		return 1
	}
	return 0
}

// beginsRare are the first bytes of control characters, invisible characters and line ends other than \n.
var beginsRare = func() (set [256]bool) {
	for c := range 0x20 {
		set[c] = c != '\n' && c != '\t'
	}
	for _, c := range []byte{0x7f, 0xc2, 0xd8, 0xe2, 0xef} {
		set[c] = true
	}
	return set
}()

// unflow joins the lines of format=flowed (RFC 3676), and appends them to dst.
func unflow(dst, flowed []byte, delSp bool) []byte {
	depth, open := 0, false
	for line := range bytes.Lines(flowed) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		text := bytes.TrimLeft(line, ">")
		quotes := len(line) - len(text)
		text = bytes.TrimPrefix(text, []byte(" "))
		signature := string(text) == "-- "
		if open && (quotes != depth || signature) {
			dst = append(dst, '\n')
			open = false
		}
		if !open && quotes > 0 {
			dst = append(append(dst, line[:quotes]...), ' ')
		}
		depth = quotes
		open = bytes.HasSuffix(text, []byte(" ")) && !signature
		if open && delSp {
			text = text[:len(text)-1]
		}
		dst = append(dst, text...)
		if !open {
			dst = append(dst, '\n')
		}
	}
	return dst
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
