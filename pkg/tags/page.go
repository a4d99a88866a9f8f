package tags

import (
	"iter"
	"math"
	"sort"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Kind is what a token is.
type Kind uint8

// The kinds of tokens.
const (
	Words Kind = iota // a text
	Open
	Close
	Single // a tag that is closed in itself
)

// Attr is an attribute of a tag. Its name is in lower case.
type Attr struct{ Name, Value string }

// Token is a visible text of a page, or a tag.
type Token struct {
	Kind     Kind
	Data     string // the text with its entities decoded, or the name of the tag in lower case
	Attrs    []Attr
	From, To int // its place in the page, in bytes
}

// Page is the HTML of a letter as tokens. It is read once, and serves all who need it. Nobody changes it.
type Page struct {
	Source string
	tokens []token
	attrs  []Attr // of all tags
	odd    bool   // what a token is may depend on those far behind it
}

// token is a Token in few bytes, since a page may consist of very many.
type token struct {
	from, to int32
	attrs    int32 // index of its first attribute
	count    uint16
	kind     Kind
	name     atom.Atom // 0 = unknown
}

// Read returns the tokens of a page.
func Read(source string) *Page {
	const usual = 40 // bytes of a token
	p := &Page{Source: source, tokens: make([]token, 0, len(source)/usual+1)}
	r := newReader(source)
	for {
		tt := r.Next()
		t := token{from: int32(r.from), to: int32(r.to)}
		switch tt {
		case html.ErrorToken:
			p.odd = r.odd || strings.HasSuffix(source, "</") // which the tokenizer makes a text of its own
			return p
		case html.TextToken:
		case html.EndTagToken:
			t.kind, t.name = Close, atomOf(nameIn(source[r.from:r.to]))
		default:
			if t.kind = Open; tt == html.SelfClosingTagToken {
				t.kind = Single
			}
			t.name, t.attrs = atomOf(nameIn(source[r.from:r.to])), int32(len(p.attrs))
			p.attrs = r.attributes(p.attrs)
			t.count = uint16(len(p.attrs) - int(t.attrs))
		}
		p.tokens = append(p.tokens, t)
	}
}

// attributes appends the attributes of the current tag.
func (r *reader) attributes(to []Attr) []Attr {
	begin := len(to)
	for more := true; more && len(to)-begin < math.MaxUint16; {
		var key, val []byte
		if key, val, more = r.TagAttr(); key != nil {
			to = append(to, Attr{atom.String(key), string(val)})
		}
	}
	return to
}

// All returns the tokens in order.
func (p *Page) All() iter.Seq[Token] { return p.Within(0, len(p.Source)) }

// Within returns the tokens in a range of the page.
func (p *Page) Within(from, to int) iter.Seq[Token] {
	return func(yield func(Token) bool) {
		for _, t := range p.within(from, to) {
			if !yield(p.token(t)) {
				return
			}
		}
	}
}

func (p *Page) within(from, to int) []token {
	rest := p.tokens[p.first(from):]
	return rest[:sort.Search(len(rest), func(i int) bool { return int(rest[i].to) > to })]
}

// first returns the index of the first token from a place on.
func (p *Page) first(from int) int {
	return sort.Search(len(p.tokens), func(i int) bool { return int(p.tokens[i].from) >= from })
}

func (p *Page) token(t token) Token {
	out := Token{Kind: t.kind, From: int(t.from), To: int(t.to)}
	switch raw := p.Source[t.from:t.to]; {
	case t.kind == Words:
		out.Data = decoded(raw)
		return out
	case t.name != 0:
		out.Data = t.name.String()
	default:
		out.Data = tagName(raw)
	}
	if t.count > 0 {
		out.Attrs = p.attrs[t.attrs : int(t.attrs)+int(t.count)]
	}
	return out
}

// Get returns the value of an attribute, or "" if the tag does not have it.
func (t *Token) Get(name string) string {
	for _, a := range t.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Text returns the visible text of a range of the page without formatting. The range may end within a text.
func (p *Page) Text(from, to int) string {
	var out strings.Builder
	for _, t := range p.tokens[p.first(from):] {
		if int(t.from) >= to {
			break
		}
		if t.kind == Words {
			out.WriteString(decoded(p.Source[t.from:min(int(t.to), to)]))
		} else if t.kind != Close && int(t.to) <= to && block[t.name.String()] {
			out.WriteByte('\n')
		}
	}
	return strings.TrimSpace(out.String())
}

// Range is a part of a page, in bytes.
type Range struct{ From, To int }

// Keep returns the page made of parts of this one, in order. It is what Read returns for the joined parts, but it reads
// them again only if they need not consist of the same tokens.
func (p *Page) Keep(parts ...Range) *Page {
	var b strings.Builder
	same := !p.odd
	for _, r := range parts {
		if b.Len() > 0 && endsOpen(b.String()) {
			same = false
		}
		same = same && p.between(r.From) && p.between(r.To)
		b.WriteString(p.Source[r.From:r.To])
	}
	if !same {
		return Read(b.String())
	}
	out := &Page{Source: b.String(), attrs: p.attrs}
	at := 0
	for _, r := range parts {
		out.add(p.within(r.From, r.To), int32(at-r.From))
		at += r.To - r.From
	}
	return out
}

// endsOpen reports whether text at the end could become a tag by what follows.
func endsOpen(source string) bool {
	return strings.HasSuffix(source, "<") || strings.HasSuffix(source, "</")
}

// between reports whether a place is at an edge of a token.
func (p *Page) between(at int) bool {
	i := sort.Search(len(p.tokens), func(i int) bool { return int(p.tokens[i].to) >= at })
	edge := func(i int) bool {
		return i < len(p.tokens) && (int(p.tokens[i].from) == at || int(p.tokens[i].to) == at)
	}
	return at == 0 || at == len(p.Source) || edge(i) || edge(i+1)
}

// add appends tokens of another page and joins two texts that are now one.
func (p *Page) add(tokens []token, shift int32) {
	for _, t := range tokens {
		t.from += shift
		t.to += shift
		if last := len(p.tokens) - 1; last >= 0 && t.kind == Words && p.tokens[last].kind == Words &&
			p.tokens[last].to == t.from {
			p.tokens[last].to = t.to
			continue
		}
		p.tokens = append(p.tokens, t)
	}
}

// decoded returns a text with its entities decoded. Most texts have none, and are not copied.
func decoded(raw string) string {
	if strings.IndexByte(raw, '\r') >= 0 {
		raw = strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "\r", "\n")
	}
	if strings.IndexByte(raw, '&') < 0 {
		return raw
	}
	return html.UnescapeString(raw)
}
