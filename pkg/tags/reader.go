package tags

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// reader reads a page token by token and skips what a mail program without scripts does not show: style sheets,
// scripts, titles and comments. If one of these is not closed, it hides as little as possible.
type reader struct {
	*html.Tokenizer
	page     string
	from, to int            // position of the token in the page
	ends     map[string]int // position of the next end tag by name, as last found; len(page) = no more
	restarts int
	skipText bool // the next text belongs to a hidden element without an end
	odd      bool // what a token is depended on those far behind it
}

// mostRestarts bounds how often the rest of a page is read again, since each time may read all of it.
const mostRestarts = 50

// newReader returns a reader of a page.
func newReader(page string) *reader {
	return &reader{Tokenizer: html.NewTokenizer(strings.NewReader(page)), page: page, ends: map[string]int{}}
}

// Next reads the next token.
func (r *reader) Next() html.TokenType {
	for {
		tt := r.Tokenizer.Next()
		r.from = r.to
		r.to += len(r.Raw())
		skip := r.skipText
		r.skipText = false
		switch tt {
		case html.ErrorToken:
			if !r.restart() {
				return tt
			}
		case html.TextToken:
			if !skip {
				return tt
			}
		case html.CommentToken:
			if raw := r.page[r.from:r.to]; r.to == len(r.page) && strings.HasPrefix(raw, "<!--") &&
				!strings.HasSuffix(raw, "-->") {
				r.again(r.from + len("<!--"))
			}
		case html.DoctypeToken:
		case html.EndTagToken:
			switch r.peekName() {
			case atom.Style, atom.Script, atom.Title:
			default:
				return tt
			}
		default:
			if !r.hides(tt) {
				return tt
			}
		}
	}
}

// hides reports whether a start tag begins an element whose content is never shown, and makes the reader skip it.
// QUIRK: 1C and other XHTML writers close such elements in the start tag.
func (r *reader) hides(tt html.TokenType) bool {
	switch name := r.peekName(); name {
	case atom.Noscript, atom.Iframe, atom.Noembed, atom.Noframes, // a program without them shows their content
		atom.Plaintext: // it has no end
		r.NextIsNotRawText()
	case atom.Textarea, atom.Xmp:
		r.odd = true
		if tt == html.SelfClosingTagToken || r.end(name.String()) < 0 {
			r.NextIsNotRawText()
		}
	case atom.Style, atom.Script, atom.Title:
		if tt == html.SelfClosingTagToken {
			r.NextIsNotRawText()
			return true
		}
		if r.skipText = true; !r.closed(name.String()) { // else everything up to the end tag is a single text
			r.NextIsNotRawText()
			r.odd = true
		}
		return true
	}
	return false
}

// peekName returns the name of the last tag, or 0 if it is unknown.
func (r *reader) peekName() atom.Atom {
	raw := strings.TrimLeft(r.page[r.from:r.to], "</")
	end := 0
	for end < len(raw) && raw[end] > ' ' && raw[end] != '/' && raw[end] != '>' {
		end++
	}
	return atomOf(raw[:end])
}

// nameIn returns the name in a tag.
func nameIn(tag string) string {
	name := strings.TrimPrefix(tag[1:], "/")
	if end := strings.IndexAny(name, " \n\r\t\f/>"); end >= 0 {
		name = name[:end]
	}
	return name
}

// atomOf returns the atom of a name, or 0 if it has none.
func atomOf(name string) atom.Atom {
	const longest = 32
	var lower [longest]byte
	if len(name) > longest {
		return 0
	}
	for i := range len(name) {
		if lower[i] = name[i]; 'A' <= name[i] && name[i] <= 'Z' {
			lower[i] += 'a' - 'A'
		}
	}
	return atom.Lookup(lower[:len(name)])
}

// tagName returns the name of a tag in lower case. It does not copy known names.
func tagName(tag string) string {
	name := nameIn(tag)
	if a := atomOf(name); a != 0 {
		return a.String()
	}
	lower := []byte(name)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] += 'a' - 'A'
		}
	}
	return strings.ReplaceAll(string(lower), "\x00", "\ufffd")
}

// beyond are tags that cannot be inside a hidden element. If one comes before the end tag, that end tag belongs to
// another element.
var beyond = []string{"<body", "<div", "<table", "<p>", "<p ", "<br", "<style", "</head"}

// closed reports whether a hidden element has its own end tag.
func (r *reader) closed(name string) bool {
	end := r.end(name)
	if end < 0 {
		return false
	}
	if name == "script" { // a script may contain any of these tags
		return true
	}
	content := r.page[r.to:end]
	for i := strings.IndexByte(content, '<'); i >= 0; {
		for _, tag := range beyond {
			if len(content)-i >= len(tag) && strings.EqualFold(content[i:i+len(tag)], tag) {
				return false
			}
		}
		next := strings.IndexByte(content[i+1:], '<')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return true
}

// end returns the position of the next end tag with this name, or -1. It remembers the position, so that all searches
// together read the page once.
func (r *reader) end(name string) int {
	at, asked := r.ends[name]
	if !asked || at < r.to {
		at = indexEnd(r.page, name, r.to)
		r.ends[name] = at
	}
	if at == len(r.page) {
		return -1
	}
	return at
}

func indexEnd(page, name string, from int) int {
	for {
		i := strings.Index(page[from:], "</")
		if i < 0 {
			return len(page)
		}
		from += i + 2
		rest := page[from:]
		if len(rest) > len(name) && strings.EqualFold(rest[:len(name)], name) &&
			strings.IndexByte(" \t\r\n\f/>", rest[len(name)]) >= 0 {
			return from - 2
		}
	}
}

// restart continues after a tag that is still open at the end of the page. QUIRK: the quotation mark of an attribute is
// not closed.
func (r *reader) restart() bool {
	rest := r.page[min(r.from, len(r.page)):]
	r.odd = r.odd || len(rest) > 0
	if r.restarts++; len(rest) == 0 || r.restarts > mostRestarts {
		return false
	}
	end := strings.IndexAny(rest, ">\n")
	if rest[0] != '<' || end < 0 {
		return false
	}
	return r.again(r.from + end + 1)
}

// again restarts reading at an offset and reports whether it may.
func (r *reader) again(from int) bool {
	r.odd = true
	if r.restarts++; r.restarts > mostRestarts || from >= len(r.page) {
		return false
	}
	r.Tokenizer = html.NewTokenizer(strings.NewReader(r.page[from:]))
	r.from, r.to = from, from
	return true
}
