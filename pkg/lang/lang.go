// Package lang detects the language of a letter by its script and by frequent words. It has no built-in languages.
package lang

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Signs are the features by which a language is detected.
type Signs struct {
	Script string   `yaml:"script"` // Unicode script: Cyrillic, Latin …
	Words  []string `yaml:"words"`  // words that occur in almost every letter
	Latin  []string `yaml:"latin"`  // such words in Latin letters, for writers without a keyboard for the script
}

// Detector detects the languages that it was made with. The zero value detects none.
type Detector struct {
	languages []language
}

type language struct {
	name    string
	script  *unicode.RangeTable
	words   map[string]bool
	spelled bool // words are in Latin letters, which are not the language's own script
}

// Evidence that makes a language certain.
const (
	firstWords = 6    // words that the opening must have, more than a greeting; it is examined first
	fewWords   = 12   // words of the beginning, examined second; also the most for the opening
	someWords  = 40   // words of the beginning, examined third
	latinAt    = 8    // words from which the Latin script alone decides, if only one language uses it
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
		d.languages = append(d.languages, language{name, script, set(of[name].Words), false})
		if len(of[name].Latin) > 0 {
			d.languages = append(d.languages, language{name, unicode.Latin, set(of[name].Latin), true})
		}
	}
	return d, nil
}

func set(words []string) map[string]bool {
	all := map[string]bool{}
	for _, word := range words {
		all[strings.ToLower(word)] = true
	}
	return all
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

// OfLetter returns the language of a letter by its text, and by its subject if the text is no evidence. A subject in
// another script than Latin also outweighs a short text in Latin letters: people write their question into the subject,
// and the text is a signature. The subject of a reply must be left out, because somebody else wrote it.
func (d *Detector) OfLetter(subject, text string) string {
	own := d.Of(text)
	words, body := split(subject), split(text)
	if own != "" && (2*foreign(words) <= len(words) || len(body) > 2*fewWords || foreign(body) > 0) {
		return own
	}
	return cmp.Or(d.Of(subject), own)
}

// opening returns the number of words in the first lines, up to the line that completes firstWords. A line in another
// script than Latin ends the opening as well.
func opening(text string) (n int) {
	for line := range strings.Lines(text) {
		words := split(line)
		if n += len(words); n >= firstWords || 2*foreign(words) > len(words) {
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
		share := l.share(words)
		switch {
		case share > best:
			if l.name != name {
				second = best
			}
			best, name = share, l.name
		case share > second && l.name != name:
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

// share returns the share of frequent words among the words in the language's script, or 0 if they are too few to be
// evidence. Names of products and error messages are in Latin letters everywhere, so a quarter of the words is enough
// for another script.
func (l *language) share(words []string) float64 {
	written, found := l.count(words)
	if written == 0 || l.script == unicode.Latin && 2*written <= len(words) || 4*written < len(words) {
		return 0
	}
	share := float64(found) / float64(written)
	if share < shortHits && (found < hits || share < longHits) {
		return 0
	}
	return share
}

// byScript returns the language of the words' script if only one language uses that script. Latin letters are evidence
// only if all of the words have them, and if there are many words.
func (d *Detector) byScript(words []string) (name string) {
	for _, l := range d.languages {
		written, _ := l.count(words)
		if l.spelled || 2*written <= len(words) ||
			l.script == unicode.Latin && (len(words) < latinAt || foreign(words) > 0) {
			continue
		}
		if name != "" {
			return ""
		}
		name = l.name
	}
	return name
}

// foreign returns the number of words in another script than Latin.
func foreign(words []string) (n int) {
	for _, word := range words {
		if strings.ContainsFunc(word, func(r rune) bool {
			return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r)
		}) {
			n++
		}
	}
	return n
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
