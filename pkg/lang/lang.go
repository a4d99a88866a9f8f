// Package lang detects the language of a letter by its script and by frequent words. It has no built-in languages.
package lang

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Signs are the features by which a language is detected.
type Signs struct {
	Script string   `yaml:"script"` // Unicode script: Cyrillic, Latin …
	Words  []string `yaml:"words"`  // words that occur in almost every letter
}

// Detector detects the languages that it was made with. The zero value detects none.
type Detector struct {
	languages []language
}

type language struct {
	name   string
	script *unicode.RangeTable
	words  map[string]bool
}

// Evidence that makes a language certain.
const (
	firstWords = 3    // words that the opening must have; it is examined first
	fewWords   = 12   // words of the beginning, examined second; also the most for the opening
	someWords  = 40   // words of the beginning, examined third
	scriptAt   = 8    // words from which the script alone decides, if only one language uses it
	shortHits  = 0.2  // share of frequent words in a short text
	hits       = 3    // frequent words in a long text, with …
	longHits   = 0.08 // … that share
)

// New returns a detector for the languages by name. The error names the first language with bad signs.
func New(of map[string]Signs) (*Detector, error) {
	d := &Detector{}
	var names []string
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		script, ok := unicode.Scripts[of[name].Script]
		if !ok {
			return nil, fmt.Errorf("%s: no script of Unicode is called %q", name, of[name].Script)
		}
		if len(of[name].Words) == 0 {
			return nil, fmt.Errorf("%s: frequent words are missing", name)
		}
		l := language{name, script, map[string]bool{}}
		for _, word := range of[name].Words {
			l.words[strings.ToLower(word)] = true
		}
		d.languages = append(d.languages, l)
	}
	return d, nil
}

// Of returns the language of a text, or "" if it is uncertain. The beginning weighs most, because signatures and
// companies' disclaimers come at the end.
func (d *Detector) Of(text string) string {
	words := split(text)
	for _, n := range []int{opening(text), fewWords, someWords, len(words)} {
		if name := d.among(words[:min(n, len(words))]); name != "" {
			return name
		}
	}
	return ""
}

// opening returns the number of words in the first lines, up to the line that completes firstWords.
func opening(text string) (n int) {
	for line := range strings.Lines(text) {
		if n += len(split(line)); n >= firstWords {
			break
		}
	}
	return min(n, fewWords)
}

// among returns the language of the words, or "".
func (d *Detector) among(words []string) string {
	var best, second float64
	name := ""
	for _, l := range d.languages {
		written, found := l.count(words)
		if 2*written <= len(words) {
			continue // most words are in another script
		}
		share := float64(found) / float64(written)
		if share < shortHits && (found < hits || share < longHits) {
			share = 0
		}
		switch {
		case share > best:
			best, second, name = share, best, l.name
		case share > second:
			second = share
		}
	}
	if best > second {
		return name
	}
	if best > 0 {
		return ""
	}
	return d.byScript(words)
}

// byScript returns the language of the words' script if only one language uses that script.
func (d *Detector) byScript(words []string) (name string) {
	if len(words) < scriptAt {
		return ""
	}
	for _, l := range d.languages {
		if written, _ := l.count(words); 2*written <= len(words) {
			continue
		}
		if name != "" {
			return ""
		}
		name = l.name
	}
	return name
}

// count returns how many words are in the language's script, and how many of them are frequent words.
func (l *language) count(words []string) (written, found int) {
	for _, word := range words {
		if !strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(l.script, r) }) {
			written++
			if l.words[word] {
				found++
			}
		}
	}
	return written, found
}

// split returns the words of a text in lower case, without addresses, file names, numbers and codes.
func split(text string) (words []string) {
	const most = 2000
	for token := range strings.FieldsSeq(text) {
		if strings.ContainsAny(token, "@/\\_0123456789") || strings.Contains(strings.Trim(token, ".…"), ".") {
			continue
		}
		for word := range strings.FieldsFuncSeq(token, func(r rune) bool {
			return !unicode.In(r, unicode.L, unicode.M)
		}) {
			words = append(words, strings.ToLower(word))
		}
		if len(words) >= most {
			break
		}
	}
	return words
}
