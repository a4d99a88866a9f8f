package tags

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Reader reads a page token by token and skips what a mail program without scripts does not show: style sheets,
// scripts, titles and comments. If one of these is not closed, it hides as little as possible.
type Reader struct {
	*html.Tokenizer
	page     string
	from, to int            // position of the token in the page
	ends     map[string]int // position of the next end tag by name, as last found; len(page) = no more
	restarts int
	skipText bool // the next text belongs to a hidden element without an end
}

// mostRestarts bounds how often the rest of a page is read again, since each time may read all of it.
const mostRestarts = 50

// NewReader returns a reader of a page.
func NewReader(page string) *Reader {
	return &Reader{Tokenizer: html.NewTokenizer(strings.NewReader(page)), page: page, ends: map[string]int{}}
}

// Place returns the position of the last token in the page.
func (r *Reader) Place() (from, to int) { return r.from, r.to }

// Next reads the next token.
func (r *Reader) Next() html.TokenType {
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
			if name := r.peekName(); !hiding[name] {
				return tt
			}
		default:
			if !r.hides(tt) {
				return tt
			}
		}
	}
}

// hiding are the elements whose content is never shown. QUIRK: 1C and other XHTML writers close them in the start tag.
var hiding = map[string]bool{"style": true, "script": true, "title": true}

// shown are the elements whose content the tokenizer treats as text. A program without scripts and frames shows it as
// part of the page.
var shown = map[string]bool{"noscript": true, "iframe": true, "noembed": true, "noframes": true}

// hides reports whether a start tag begins a hidden element, and makes the reader skip its content.
func (r *Reader) hides(tt html.TokenType) bool {
	name := r.peekName()
	switch {
	case shown[name]:
		r.NextIsNotRawText()
		return false
	case name == "textarea", name == "xmp":
		if tt == html.SelfClosingTagToken || r.end(name) < 0 {
			r.NextIsNotRawText()
		}
		return false
	case name == "plaintext": // it has no end
		r.NextIsNotRawText()
		return false
	case !hiding[name]:
		return false
	case tt == html.SelfClosingTagToken:
		r.NextIsNotRawText()
	case !r.closed(name):
		r.NextIsNotRawText()
		r.skipText = true
	default:
		r.skipText = true // everything up to the end tag is a single text
	}
	return true
}

// peekName returns the name of the last tag. The tokenizer would return it only once.
func (r *Reader) peekName() string {
	raw := strings.TrimLeft(r.page[r.from:r.to], "</")
	end := 0
	for end < len(raw) && raw[end] > ' ' && raw[end] != '/' && raw[end] != '>' {
		end++
	}
	if a := atom.Lookup([]byte(strings.ToLower(raw[:min(end, 20)]))); a != 0 && end <= 20 {
		return a.String()
	}
	return ""
}

// Tag returns the name of the current tag in lower case. It is TagName, which copies every name, for known names.
func (r *Reader) Tag() string {
	raw := strings.TrimPrefix(r.page[r.from+1:r.to], "/")
	var name [longestAtom]byte
	for i := range len(raw) {
		switch c := raw[i]; {
		case strings.IndexByte(" \n\r\t\f/>", c) >= 0:
			if a := atom.Lookup(name[:i]); a != 0 {
				return a.String()
			}
			return r.copiedTag()
		case i == len(name):
			return r.copiedTag()
		case 'A' <= c && c <= 'Z':
			name[i] = c + 'a' - 'A'
		default:
			name[i] = c
		}
	}
	return r.copiedTag()
}

// longestAtom is the length of the longest known name.
const longestAtom = 32

func (r *Reader) copiedTag() string {
	name, _ := r.TagName()
	return string(name)
}

// Text returns the current text with its entities decoded. Most texts have none, and are not copied.
func (r *Reader) Text() string {
	if raw := r.page[r.from:r.to]; strings.IndexByte(raw, '&') < 0 && strings.IndexByte(raw, '\r') < 0 {
		return raw
	}
	return string(r.Tokenizer.Text())
}

// beyond are tags that cannot be inside a hidden element. If one comes before the end tag, that end tag belongs to
// another element.
var beyond = []string{"<body", "<div", "<table", "<p>", "<p ", "<br", "<style", "</head"}

// closed reports whether a hidden element has its own end tag.
func (r *Reader) closed(name string) bool {
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
func (r *Reader) end(name string) int {
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
func (r *Reader) restart() bool {
	rest := r.page[min(r.from, len(r.page)):]
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
func (r *Reader) again(from int) bool {
	if r.restarts++; r.restarts > mostRestarts || from >= len(r.page) {
		return false
	}
	r.Tokenizer = html.NewTokenizer(strings.NewReader(r.page[from:]))
	r.from, r.to = from, from
	return true
}
