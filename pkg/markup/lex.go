package markup

import (
	"strings"
)

// tokenKind says what a piece of BBCode is.
type tokenKind int

const (
	tokenText tokenKind = iota
	tokenNewline
	tokenOpen
	tokenClose
	tokenCode // name "", the content of [CODE] in text
	tokenLink // a link whose text is its address, in arg
)

type token struct {
	kind tokenKind
	name string // of the tag, upper case
	arg  string // behind = or the first space
	text string
}

// longestArg bounds what is looked through for the end of a tag.
const longestArg = 4096

// lexer cuts BBCode into tokens. Quotes that are told by their lines come out as QUOTE tags.
type lexer struct {
	s, lower string
	pos      int
	tokens   []token
	plain    int            // where the text not yet emitted begins
	next     map[string]int // where a closing tag was last found; len(s) = no more
	dashes   []int          // starts of the lines of nothing but dashes, from pos on
	dashEnd  int            // start of the line that ends the quote we are in, -1 = none
	signs    int            // pairs of > before the line we are in
}

func lex(s string) []token {
	s = clean(s)
	l := &lexer{s: s, lower: lowerASCII(s), next: map[string]int{}, dashes: dashLines(s), dashEnd: -1}
	l.lineStart()
	for l.pos < len(s) {
		i := strings.IndexAny(s[l.pos:], "[\n")
		if i < 0 {
			break
		}
		l.pos += i
		if s[l.pos] == '\n' {
			l.flush()
			l.emit(token{kind: tokenNewline}, 1)
			l.lineStart()
		} else if !l.tag() {
			l.pos++
		}
	}
	l.pos = len(s)
	l.flush()
	return l.tokens
}

// lowerASCII returns s in lower case as far as that keeps every byte in its place.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// flush emits the text up to pos.
func (l *lexer) flush() {
	if l.plain < l.pos {
		l.tokens = append(l.tokens, token{kind: tokenText, text: l.s[l.plain:l.pos]})
	}
	l.plain = l.pos
}

// emit emits a token n bytes long.
func (l *lexer) emit(t token, n int) {
	l.flush()
	l.tokens = append(l.tokens, t)
	l.pos += n
	l.plain = l.pos
}

// tag emits the tag at pos and reports whether there is one.
func (l *lexer) tag() bool {
	t, n, ok := readTag(l.s[l.pos:])
	if !ok {
		return false
	}
	if t.kind == tokenOpen && l.whole(t, n) {
		return true
	}
	l.emit(t, n)
	return true
}

// whole emits a tag together with its content where that is not BBCode itself.
func (l *lexer) whole(t token, n int) bool {
	switch t.name {
	case "CODE", "IMG", "VIDEO", "AUDIO":
	case "URL", "EMAIL", "MAIL":
		if t.arg != "" {
			return false
		}
	default:
		return false
	}
	begin := l.pos + n
	end := l.find("[/"+strings.ToLower(t.name)+"]", begin)
	if end < 0 {
		return false
	}
	content := l.s[begin:end]
	n = end + len(t.name) + 3 - l.pos
	switch t.name {
	case "CODE":
		l.emit(token{kind: tokenCode, text: content}, n)
	case "IMG":
		l.emit(token{kind: tokenOpen, name: "IMG"}, n)
	default:
		if strings.ContainsAny(content, "[\n") {
			return false
		}
		l.emit(token{kind: tokenLink, name: t.name, arg: content}, n)
	}
	return true
}

// find returns where the closing tag stands next, -1 where it does not. What was found before is remembered, so that
// all searches together read the text once.
func (l *lexer) find(closing string, from int) int {
	at, asked := l.next[closing]
	if !asked || at < from {
		at = len(l.s)
		if i := strings.Index(l.lower[from:], closing); i >= 0 {
			at = from + i
		}
		l.next[closing] = at
	}
	if at == len(l.s) {
		return -1
	}
	return at
}
