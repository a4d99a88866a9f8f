package markup

import (
	"strings"
	"unicode/utf8"
)

// loneTags are the tags without a closing tag.
var loneTags = names("* BR DISK FILE HR ICON TIMESTAMP")

// Cut shortens BBCode to at most max characters. If it cuts, the last character is an ellipsis, all open tags are
// closed, and no tag or link is split.
func Cut(bbcode string, max int) string {
	if utf8.RuneCountInString(bbcode) <= max {
		return bbcode
	}
	c := cutter{s: bbcode, room: max - 1}
	for c.step() {
	}
	return c.finish()
}

// cutter reads BBCode as long as it fits, together with the closing tags that would then be needed.
type cutter struct {
	s    string
	pos  int
	room int      // characters left, without those reserved for closing tags
	open []string // names of the open tags
	link int      // offset of the open link; 0 = none
	mark int      // number of tags open before it
}

// step reads the next tag or character and reports whether it fits.
func (c *cutter) step() bool {
	if c.pos >= len(c.s) {
		return false
	}
	if c.s[c.pos] == '[' {
		if t, n, ok := readTag(c.s[c.pos:]); ok {
			return c.tag(t, n)
		}
	}
	if c.room < 1 {
		return false
	}
	_, n := utf8.DecodeRuneInString(c.s[c.pos:])
	c.pos += n
	c.room--
	return true
}

func (c *cutter) tag(t token, n int) bool {
	need := utf8.RuneCountInString(c.s[c.pos : c.pos+n])
	closing := len(t.name) + len("[/]")
	last := len(c.open) - 1
	switch {
	case t.kind == tokenClose && last >= 0 && c.open[last] == t.name:
		c.open, need = c.open[:last], 0 // its room was reserved when the tag was opened
		if t.name == "URL" {
			c.link = 0
		}
	case t.kind == tokenOpen && !loneTags[t.name]:
		if need += closing; need > c.room {
			return false
		}
		if t.name == "URL" {
			c.link, c.mark = c.pos+1, len(c.open)
		}
		c.open = append(c.open, t.name)
	}
	if need > c.room {
		return false
	}
	c.room -= need
	c.pos += n
	return true
}

func (c *cutter) finish() string {
	if c.link > 0 {
		c.pos, c.open = c.link-1, c.open[:c.mark]
	}
	if c.pos == 0 && c.room < 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(c.s[:c.pos], " \n") + string(ellipsis))
	for i := len(c.open) - 1; i >= 0; i-- {
		b.WriteString("[/" + c.open[i] + "]")
	}
	return b.String()
}
