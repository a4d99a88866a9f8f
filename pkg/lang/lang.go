// Package lang tells the language of a letter by its script and by frequent words. It knows no language but those it is
// given.
package lang

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Signs are what a language is told by.
type Signs struct {
	Script string   `yaml:"script"` // of Unicode: Cyrillic, Latin …
	Words  []string `yaml:"words"`  // that almost every letter holds
}

// Detector tells the languages it was made of from each other. The zero value knows none.
type Detector struct {
	languages []language
}

type language struct {
	name   string
	script *unicode.RangeTable
	words  map[string]bool
}

// The evidence that makes a language certain.
const (
	firstWords = 3    // of the first lines, which are asked first
	fewWords   = 12   // of the beginning, which is asked before the whole
	someWords  = 40   // of the beginning, which is asked next
	scriptAt   = 8    // words that let the script alone decide, where no other language has it
	shortHits  = 0.2  // share of frequent words in a short text
	hits       = 3    // frequent words in a long text, with …
	longHits   = 0.08 // … that share
)

// New makes a detector of the signs of languages by their names; the error names every language with bad ones.
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

// Of returns the language of a text, "" where it can't be told for certain. What stands first weighs most: signatures
// and the disclaimers of companies stand last.
func (d *Detector) Of(text string) string {
	words := split(text)
	for _, n := range []int{opening(text), fewWords, someWords, len(words)} {
		if name := d.among(words[:min(n, len(words))]); name != "" {
			return name
		}
	}
	return ""
}

// opening returns how many words the first lines have, up to one with which they say something.
func opening(text string) (n int) {
	for line := range strings.Lines(text) {
		if n += len(split(line)); n >= firstWords {
			break
		}
	}
	return min(n, fewWords)
}

// among returns the language of some words.
func (d *Detector) among(words []string) string {
	var best, second float64
	name := ""
	for _, l := range d.languages {
		written, found := l.count(words)
		if 2*written <= len(words) {
			continue // most of it is in another script
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

// byScript returns the only language whose script the words are in.
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

// count returns how many words are written in the language's script, and how many of them are frequent ones.
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

// split returns the words of a text in lower case. Addresses, names of files, numbers and codes are none.
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
