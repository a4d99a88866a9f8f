package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// zeroWidth is the zero-width space that prevents the portal from interpreting a bracket or a number sign. It is
// written after the bracket or before the number sign.
const zeroWidth = "\u200b"

// The brackets of our own tags while a text is being written, to distinguish them from the brackets of the letter's
// writer. clean removes both characters from the input.
const (
	leftMark  = '\x01'
	rightMark = '\x02'
)

// portalTags are the names of the portal's tags on both cards and in its old text parser.
//
// QUIRK: there is no documented list. These are the tags in the documentation of chats and tasks, in the old forum
// parser and in the messenger.
var portalTags = names(`* ACTION ALIGN ANCHOR ATTACH AUDIO B BACKGROUND BR CALENDAR CALL CENTER CHAT CODE COLOR CONTEXT CUT
	DEPARTMENT DIALOG DISK DISLIKE DOCUMENT EMAIL FILE FONT H1 H2 H3 H4 H5 H6 HR I ICON IMG JUSTIFY LEFT LI LIKE LIST
	MAIL MENTION NOTIFY OL P PCH PROJECT PUT QUOTE RATING RIGHT S SEND SIZE SMILE SPOILER SUB SUP TABLE TAG TD TH
	TIMESTAMP TR U UL URL USER VIDEO VOTE`)

func names(list string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(list) {
		set[name] = true
	}
	return set
}

const longestTag = 10

// Escape returns plain text as BBCode that shows it literally. It adds a zero-width space after a bracket that would
// begin a tag or mention, and before a number sign that would begin a task tag.
func Escape(text string) string { return escape(clean(text)) }

// escape escapes clean text. It keeps our own tags and replaces their marks by brackets.
func escape(s string) string {
	if strings.IndexByte(s, '[') < 0 && strings.IndexByte(s, '#') < 0 && strings.IndexByte(s, leftMark) < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == leftMark:
			end := strings.IndexByte(s[i:], rightMark)
			if end < 0 {
				continue
			}
			b.WriteString("[" + s[i+1:i+end] + "]")
			i += end
		case c == '[' && beginsTag(s[i+1:]):
			b.WriteString("[" + zeroWidth)
		case c == '#' && (i == 0 || isSpace(s[i-1])) && namesTag(s[i+1:]):
			b.WriteString(zeroWidth + "#")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// beginsTag reports whether the text after a bracket makes it a tag.
func beginsTag(s string) bool {
	s = strings.TrimPrefix(s, "/")
	if strings.HasPrefix(s, "*") {
		return true
	}
	n := 0
	for n < len(s) && n <= longestTag && isNameByte(s[n]) {
		n++
	}
	if n == 0 || n > longestTag || !portalTags[strings.ToUpper(s[:n])] {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[n:])
	return !unicode.IsLetter(r) && r != '_'
}

func isNameByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

// namesTag reports whether the text after a number sign makes it a task tag.
//
// QUIRK: in a task's title and description, any text after white space and a number sign is a tag to the portal,
// compared by bytes: even digits, or a zero-width space (tasks, Control\Task::parseTags; V2 ParseTextTrait).
func namesTag(s string) bool {
	return s != "" && !isSpace(s[0]) && strings.IndexByte(",[]<>\x01", s[0]) < 0
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
