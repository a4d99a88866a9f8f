package pass

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/lazy"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/tags"
)

// choose reports whether to read a letter by its HTML page instead of its plain text, and returns the page, read and
// parsed. The page is used if it contains everything the plain text says, or if the plain text is empty or a stub.
// Rules, posts and the removal of quotes then all use the same form.
func choose(m *desk.Message, c *quote.Cutter) (src *tags.Page, page *markup.Page, byPage bool) {
	if m.HTML == "" {
		return nil, nil, false
	}
	src = tags.Read(m.HTML)
	page = markup.Parse(src)
	plain := strings.TrimSpace(m.Plain)
	if plain == "" {
		return src, page, true
	}
	text := page.Text()
	switch stub := c.Stub(plain); {
	case stub:
		return src, page, hasWord(text)
	case !hasWord(text):
		return src, page, false
	}
	words := said(plain)
	if !lacks(text, words) || !lacks(text+" "+page.Addresses(), words) {
		return src, page, true
	}
	if lacks(plain, said(text)) { // each contains something that the other lacks
		degrade(m, desk.DegradedForms)
	}
	return src, page, false
}

// aside matches what programs add to the plain text they make from a page: addresses of links and names of pictures.
var aside = lazy.Regexp(
	`(?i)<?\b(?:https?|mailto|cid|tel|file|ftp):[^\s<>\]]+>?|\[(?:cid|image):[^\]]{0,500}\]|\b\S+@\S+`)

// said returns a text without the parts that no person wrote. All of them contain an @ or a colon, and none but the
// label of a picture contains a blank, so only the words with these characters are searched.
func said(text string) string {
	var b strings.Builder
	for {
		i := strings.IndexAny(text, "@:")
		if i < 0 {
			break
		}
		from, to := strings.LastIndexAny(text[:i], asciiBlanks)+1, len(text)
		if n := strings.IndexAny(text[i:], asciiBlanks); n >= 0 {
			to = i + n
		}
		if strings.IndexByte(text[from:to], '[') >= 0 { // possibly the label of a picture, which may contain blanks
			b.WriteString(text[:from])
			return b.String() + aside().ReplaceAllString(text[from:], " ")
		}
		b.WriteString(text[:from])
		b.WriteString(aside().ReplaceAllString(text[from:to], " "))
		text = text[to:]
	}
	if b.Len() == 0 {
		return text
	}
	b.WriteString(text)
	return b.String()
}

// asciiBlanks are the blanks that end a word of a pattern.
const asciiBlanks = " \t\n\f\r"

// lacks reports whether a text does not contain one of the given words. It first compares the texts in order, because
// the two forms usually have the same words in the same order.
func lacks(text, words string) bool {
	const ahead = 20 // maximum number of words skipped in the text
	rest := text
	var held *held
	for word, more := nextWord(words); word != ""; word, more = nextWord(more) {
		if len(word) < leastWord*utf8.UTFMax && utf8.RuneCountInString(word) < leastWord {
			continue
		}
		try := rest
		found := false
		for range ahead {
			var other string
			if other, try = nextWord(try); other == "" {
				break
			}
			if found = other == word || strings.EqualFold(other, word); found {
				rest = try
				break
			}
		}
		if found {
			continue
		}
		if held == nil {
			held = wordsOf(text)
		}
		if !held.has(word) {
			return true
		}
	}
	return false
}

// held contains the words of a text for lookup in any order.
type held struct {
	words  map[string]bool
	all    string // the letters and digits of the whole text
	looked int
}

func wordsOf(text string) *held {
	h := &held{words: map[string]bool{}, all: squash(text)}
	for word, more := nextWord(text); word != ""; word, more = nextWord(more) {
		h.words[squash(word)] = true
	}
	return h
}

// has reports whether the text contains a word, whole or split. The search for split words is limited in number,
// because each one scans the whole text.
func (h *held) has(word string) bool {
	const most = 100
	if word = squash(word); h.words[word] {
		return true
	}
	h.looked++
	return h.looked <= most && strings.Contains(h.all, word)
}

// leastWord is the minimum length of the words that are compared.
const leastWord = 3

// nextWord returns the first word of a text, and the text after it.
func nextWord(text string) (word, rest string) {
	from := -1
	for i, size := 0, 0; i < len(text); i += size {
		in := true
		if size = 2; !beginsCyrillic(text[i:]) {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			in = inWord(r)
		}
		switch {
		case in && from < 0:
			from = i
		case !in && from >= 0:
			return text[from:i], text[i:]
		}
	}
	if from < 0 {
		return "", ""
	}
	return text[from:], ""
}

// beginsCyrillic reports whether a text begins with a letter from U+0400 to U+047F. Its two bytes tell that without
// decoding.
func beginsCyrillic(s string) bool { return len(s) > 1 && s[0]&^1 == 0xd0 && s[1]&0xc0 == 0x80 }

func inWord(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9'
	case r >= 0x400 && r < 0x482: // Cyrillic letters: most texts need no table
		return true
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

// squash returns the letters and digits of a text, in lower case.
func squash(text string) string {
	return strings.Map(func(r rune) rune {
		if inWord(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// hasWord reports whether a text contains a letter or digit.
func hasWord(text string) bool { return strings.IndexFunc(text, inWord) >= 0 }

// keepsWords marks a message as degraded if it contains words but its text came out empty. The whole message is then
// attached.
func keepsWords(m *desk.Message) {
	if hasWord(m.FullText) && hasWord(m.FullCode) {
		return
	}
	if hasWord(m.Plain) || hasWord(tags.Text(m.HTML)) || hasWord(outside(m.HTML)) {
		degrade(m, desk.DegradedWords)
	}
}

// unseen are parts of a page that contain no words of its writer, by their beginnings and ends.
var unseen = [5][2]string{{
	"!--",
	"-->",
}, {"style", "</style"}, {"script", "</script"}, {"title", "</title"}, {"xml", "</xml"}}

// outside returns the text outside of tags, however broken the page is.
func outside(page string) string {
	var b strings.Builder
	var open [5]bool // entries of unseen whose end is missing
	for {
		text, rest, found := strings.Cut(page, "<")
		b.WriteString(text)
		if !found {
			return html.UnescapeString(b.String())
		}
		if data, ok := strings.CutPrefix(rest, "![CDATA["); ok { // text for XML, but a comment for browsers
			text, _, _ = strings.Cut(data, "]]>")
			b.WriteString(text)
		}
		for i, u := range unseen {
			if open[i] || len(rest) < len(u[0]) || !strings.EqualFold(rest[:len(u[0])], u[0]) {
				continue
			}
			if end := strings.Index(rest, u[1]); end >= 0 {
				rest = rest[end:] // including the end of that tag
			} else {
				open[i] = true
			}
			break
		}
		if _, page, found = strings.Cut(rest, ">"); !found {
			return html.UnescapeString(b.String())
		}
	}
}

func degrade(m *desk.Message, what desk.Degraded) {
	for _, known := range m.Degraded {
		if known == what {
			return
		}
	}
	m.Degraded = append(m.Degraded, what)
}
