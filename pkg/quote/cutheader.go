package quote

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFields bounds the lines of a copied header that are examined.
const maxFields = 12

// headerBlock reports whether a copied header of another message begins at line i: successive fields, with a sender and
// at least two other message fields. A field of any other kind means an order or a form that people fill in. QUIRK:
// some programs double the line breaks, and long fields are wrapped.
func (t *cutting) headerBlock(i int) bool {
	if !t.c.isField(t.label(i)) {
		return false
	}
	seen := map[string]bool{}
	from, placed, doubled := false, false, false
	enough := func() bool { return from && placed && len(seen) >= 2 }
	for n := 0; i < len(t.lines) && n < maxFields; i++ {
		if t.kind[i] == lineBlank {
			if doubled = doubled || n == 1; !doubled || i+1 == len(t.lines) {
				break
			}
			if i++; !t.c.isField(t.label(i)) && !likeField(t.lines[i]) {
				break
			}
		}
		n++
		l := t.label(i)
		switch {
		case t.c.from[l]:
			from = true
		case t.c.other[l]:
			seen[l] = true
		case likeField(t.lines[i]):
			return false
		case enough():
			return true
		}
		placed = placed || strings.Contains(t.lines[i], "@") || hasTime(t.lines[i])
	}
	return enough()
}

// hasTime reports whether a line contains a time of day.
func hasTime(s string) bool {
	digit := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
	for i := range len(s) {
		if s[i] == ':' && digit(i-1) && digit(i+1) && digit(i+2) {
			return true
		}
	}
	return false
}

// label returns the possible field name of a line, in lower case and without the asterisks of bold type.
func (t *cutting) label(i int) string {
	if t.kind[i] != lineText && t.kind[i] != lineIntro {
		return ""
	}
	return label(t.lines[i])
}

func label(line string) string {
	name, _, found := strings.Cut(line, ":")
	if !found || len(name) > 60 {
		return ""
	}
	return strings.ToLower(strings.Trim(name, "*_ \t\u00a0\u200b"))
}

func (c *Cutter) isField(label string) bool { return c.from[label] || c.other[label] }

// likeField reports whether a line begins like a field: one to three words and a colon.
func likeField(line string) bool {
	name, value, found := strings.Cut(line, ":")
	name = strings.Trim(name, "*_ \t")
	if !found || name == "" || utf8.RuneCountInString(name) > 30 || len(strings.Fields(name)) > 3 ||
		strings.HasPrefix(value, "//") {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && r != ' ' && r != '-' && r != '/'
	})
}
