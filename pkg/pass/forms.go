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

// choose reports whether a letter is read by its page, and returns that; else its plain text is read. The page is where
// it holds all that the text says, or where that is empty or a stub. Rules, posts and the cutting of quotes then read
// the same one.
func choose(m *desk.Message, c *quote.Cutter) (page *markup.Page, byPage bool) {
	if m.HTML == "" {
		return nil, false
	}
	page = markup.Parse(m.HTML)
	plain := strings.TrimSpace(m.Plain)
	if plain == "" {
		return page, true
	}
	text := page.Text()
	switch stub := c.Stub(plain); {
	case stub:
		return page, hasWord(text)
	case !hasWord(text):
		return page, false
	}
	shown := text + " " + page.Addresses()
	if !lacks(shown, said(plain)) {
		return page, true
	}
	if lacks(plain, said(text)) { // each says what the other does not
		degrade(m, desk.DegradedForms)
	}
	return page, false
}

// aside is what programs write into the text they make of a page, besides its words: addresses of links and names of
// pictures.
var aside = lazy.Regexp(
	`(?i)<?\b(?:https?|mailto|cid|tel|file|ftp):[^\s<>\]]+>?|\[(?:cid|image):[^\]]{0,500}\]|\b\S+@\S+`)

// said returns the words of a text, without what no person wrote.
func said(text string) string { return aside().ReplaceAllString(text, " ") }

// lacks reports whether a text does not hold one of the words of what was said. Most texts of two forms have the same
// words in the same order.
func lacks(text, words string) bool {
	const ahead = 20 // words that only the text has
	rest := text
	var held *held
	for word, more := nextWord(words); word != ""; word, more = nextWord(more) {
		if utf8.RuneCountInString(word) < leastWord {
			continue
		}
		try := rest
		found := false
		for range ahead {
			var other string
			if other, try = nextWord(try); other == "" {
				break
			}
			if found = strings.EqualFold(other, word); found {
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

// held is the words of a text, in whatever order.
type held struct {
	words  map[string]bool
	all    string // its letters and digits
	looked int
}

func wordsOf(text string) *held {
	h := &held{words: map[string]bool{}, all: squash(text)}
	for word, more := nextWord(text); word != ""; word, more = nextWord(more) {
		h.words[squash(word)] = true
	}
	return h
}

// has reports whether the text holds a word, or holds it in pieces. That is looked for only so often: each time takes
// all of it.
func (h *held) has(word string) bool {
	const most = 100
	if word = squash(word); h.words[word] {
		return true
	}
	h.looked++
	return h.looked <= most && strings.Contains(h.all, word)
}

// leastWord is how many letters a word has that is asked for.
const leastWord = 3

// nextWord returns the first word of a text, and what is behind it.
func nextWord(text string) (word, rest string) {
	from := strings.IndexFunc(text, inWord)
	if from < 0 {
		return "", ""
	}
	text = text[from:]
	to := strings.IndexFunc(text, func(r rune) bool { return !inWord(r) })
	if to < 0 {
		return text, ""
	}
	return text[:to], text[to:]
}

func inWord(r rune) bool {
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

// hasWord reports whether a letter or digit stands in a text.
func hasWord(text string) bool { return strings.IndexFunc(text, inWord) >= 0 }

// keepsWords notes that a letter has words and comes out empty: then all of it is attached.
func keepsWords(m *desk.Message) {
	if hasWord(m.FullText) && hasWord(m.FullCode) {
		return
	}
	if hasWord(m.Plain) || hasWord(tags.Text(m.HTML)) || hasWord(outside(m.HTML)) {
		degrade(m, desk.DegradedWords)
	}
}

// unseen are stretches of a page in which no words of its writer stand, by their beginnings and ends.
var unseen = [5][2]string{{
	"!--",
	"-->",
}, {"style", "</style"}, {"script", "</script"}, {"title", "</title"}, {"xml", "</xml"}}

// outside returns what stands outside of what looks like a tag, however broken a page is.
func outside(page string) string {
	var b strings.Builder
	var open [5]bool // of these, one is not ended
	for {
		text, rest, found := strings.Cut(page, "<")
		b.WriteString(text)
		if !found {
			return html.UnescapeString(b.String())
		}
		if data, ok := strings.CutPrefix(rest, "![CDATA["); ok { // text to writers of XML, a comment to browsers
			text, _, _ = strings.Cut(data, "]]>")
			b.WriteString(text)
		}
		for i, u := range unseen {
			if open[i] || len(rest) < len(u[0]) || !strings.EqualFold(rest[:len(u[0])], u[0]) {
				continue
			}
			if end := strings.Index(rest, u[1]); end >= 0 {
				rest = rest[end:] // and the end of that tag
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
