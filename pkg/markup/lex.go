package markup

import (
	"strings"
)

// tokenKind is the kind of a piece of BBCode.
type tokenKind int

const (
	tokenText tokenKind = iota
	tokenNewline
	tokenOpen
	tokenClose
	tokenCode // name is "", text is the content of [CODE]
	tokenLink // a link whose text is its address, which is in arg
)

type token struct {
	kind tokenKind
	name string // of the tag, in upper case
	arg  string // what follows = or the first space
	text string
}

// longestArg bounds the search for the end of a tag, in bytes.
const longestArg = 4096

// lexer splits BBCode into tokens. Quotes marked by lines become QUOTE tags.
type lexer struct {
	s, lower string
	pos      int
	tokens   []token
	plain    int            // start of the text not yet emitted
	next     map[string]int // position of the next closing tag by name; len(s) = no more
	dashes   []int          // starts of the lines of dashes from pos on
	dashEnd  int            // start of the line that ends the current quote; -1 = none
	signs    int            // pairs of > before the current line
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

// lowerASCII converts ASCII letters to lower case and keeps all offsets.
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

// emit emits a token that is n bytes long.
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

// whole emits a tag together with its content if the content is not BBCode.
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

// find returns the position of the next closing tag, or -1. It remembers the position, so that all searches together
// read the text once.
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
