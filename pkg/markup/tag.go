package markup

import "strings"

// readTag parses the tag at the start of s, which begins with a bracket, and returns its length.
func readTag(s string) (t token, length int, ok bool) {
	i := 1
	t.kind = tokenOpen
	if strings.HasPrefix(s[i:], "/") {
		t.kind = tokenClose
		i++
	}
	begin := i
	if strings.HasPrefix(s[i:], "*") {
		i++
	} else {
		for i < len(s) && i-begin <= longestTag && isNameByte(s[i]) {
			i++
		}
	}
	t.name = strings.ToUpper(s[begin:i])
	if !portalTags[t.name] || i == len(s) {
		return token{}, 0, false
	}
	switch s[i] {
	case ']':
		return t, i + 1, true
	case '=', ' ':
		end := argEnd(s[i:], t.name == "URL")
		if end < 0 {
			return token{}, 0, false
		}
		t.arg = strings.Trim(strings.TrimSpace(s[i+1:i+end]), `"'`)
		return t, i + end + 1, true
	}
	return token{}, 0, false
}

// argEnd returns the position of the bracket that ends a tag, or -1 if the line ends before it. With pairs, an address
// may contain pairs of brackets.
func argEnd(s string, pairs bool) int {
	depth := 0
	for i := 0; i < len(s) && i < longestArg; i++ {
		switch s[i] {
		case '\n':
			return -1
		case '[':
			if !pairs {
				return -1
			}
			depth++
		case ']':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}

// QUIRK: it is not documented whether the portal encodes entities in comments (its samples are raw), so the few that it
// could have written are decoded, once.
var entities = strings.NewReplacer("&quot;", `"`, "&amp;", "&", "&lt;", "<", "&gt;", ">", "&#39;", "'", "&#039;", "'",
	"&nbsp;", "\u00a0", "&#91;", "[", "&#93;", "]", "["+zeroWidth, "[", zeroWidth+"#", "#")

// shown returns a piece of text as a reader sees it: with entities decoded and without the marks of Escape.
func shown(s string) string { return entities.Replace(s) }
