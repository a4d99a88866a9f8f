package eml

import (
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/tags"
)

// spareText is a text in an attachment. It becomes the letter's text if there is no other.
type spareText struct {
	text string
	html bool
	rtf  bool
	at   int // index of the attachment

	stays bool // it has no attachment of its own
}

var richText = map[string]bool{
	"text/rtf":          true,
	"application/rtf":   true,
	"application/x-rtf": true,
	"text/richtext":     true,
}

// isSpare reports whether a file can be the letter's text: a person did not name it, or it is RTF.
func isSpare(typ, name string) bool {
	return (typ == "text/plain" || typ == "text/html") && isMadeUp(name) || richText[typ]
}

// readSpare reads a file that can be the letter's text.
func (w *walker) readSpare(r io.Reader, pt part, ct media) {
	n, kept, size, sum := w.content(r, maxText)
	w.addAttachment(pt, n, size, sum)
	if w.spared += len(kept); size > int64(len(kept)) || w.spared > maxTexts {
		return
	}
	s := spareText{html: ct.value == "text/html", rtf: richText[ct.value], at: len(w.msg.Attachments) - 1}
	if s.rtf {
		s.text = rtfText(kept)
	} else {
		s.text, _ = w.buf.readable(kept, ct, s.html)
	}
	w.spares = append(w.spares, s)
}

// useSpares uses the spare texts if the letter has no other text. RTF files are also kept, because they contain more
// than we show.
func (w *walker) useSpares() {
	if len(w.spares) == 0 {
		return
	}
	if slices.ContainsFunc(w.segments, (*segment).hasWords) {
		w.addUnsaid()
		return
	}
	rich := !slices.ContainsFunc(w.spares, func(s spareText) bool { return !s.rtf && wordsIn(s.text, s.html) })
	gone := map[int]bool{}
	for _, s := range w.spares {
		if s.rtf == rich && wordsIn(s.text, s.html) {
			w.addText(s.text, s.html, place{})
			gone[s.at] = gone[s.at] || !rich && !s.stays
		}
	}
	var files []desk.Attachment
	for i, a := range w.msg.Attachments {
		if !gone[i] {
			files = append(files, a)
		}
	}
	w.msg.Attachments = files
}

// addUnsaid adds spare texts without an attachment of their own if they contain words that the letter's text does not.
func (w *walker) addUnsaid() {
	said := map[string]bool{}
	for _, s := range w.segments {
		for _, text := range []string{s.plain, tags.Text(s.html)} {
			for word := range wordsOf(text) {
				said[word] = true
			}
		}
	}
	for _, s := range w.spares {
		text := s.text
		if s.html {
			text = tags.Text(text)
		}
		for word := range wordsOf(text) {
			if s.stays && !said[word] {
				w.addText(s.text, s.html, place{})
				break
			}
		}
	}
}

// wordsOf yields the words of a text with at least three letters or digits, in lower case.
func wordsOf(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		between := func(r rune) bool { return !unicode.In(r, unicode.L, unicode.Nd, unicode.M) }
		for word := range strings.FieldsFuncSeq(strings.ToLower(text), between) {
			if utf8.RuneCountInString(word) > 2 && !yield(word) {
				return
			}
		}
	}
}

func (s *segment) hasWords() bool { return wordsIn(s.plain, false) || wordsIn(s.html, true) }

// wordsIn reports whether a text contains a letter or digit.
func wordsIn(text string, html bool) bool {
	if html {
		text = tags.Text(text)
	}
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}
