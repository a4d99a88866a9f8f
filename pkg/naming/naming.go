// Package naming parses personal names as address books and mail programs write them, and returns how to greet the
// person. It contains no words itself: they come from a data file.
package naming

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

// Words lists the words that may be part of a name, by kind.
type Words struct {
	Companies   []string   `yaml:"companies"`   // words of companies and departments (RE2)
	Single      []string   `yaml:"single"`      // legal forms of sole traders (RE2)
	Titles      []string   `yaml:"titles"`      // titles, left out of a greeting (RE2)
	Patronymics []string   `yaml:"patronymics"` // (RE2)
	Particles   []string   `yaml:"particles"`   // follow the father's name in a patronymic
	Surnames    []string   `yaml:"surnames"`    // endings of surnames (RE2)
	Given       [][]string `yaml:"given"`       // given names
}

// Names are compiled Words. The zero value knows no words.
type Names struct {
	companies, single, titles, patronymics, surnames []*regexp.Regexp
	particles, given                                 map[string]bool
}

// Compile compiles the words. The error names every bad pattern.
func Compile(w Words) (*Names, error) {
	var errs []error
	compile := func(list string, patterns []string) (all []*regexp.Regexp) {
		for _, p := range patterns {
			re, err := regexp.Compile(`(?i)^(?:` + p + `)$`)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: compile %q: %w", list, p, err))
				continue
			}
			all = append(all, re)
		}
		return all
	}
	fold := func(lists ...[]string) map[string]bool {
		all := map[string]bool{}
		for _, list := range lists {
			for _, word := range list {
				all[strings.ToLower(word)] = true
			}
		}
		return all
	}
	n := &Names{companies: compile("companies", w.Companies), single: compile("single", w.Single),
		titles:      compile("titles", w.Titles),
		patronymics: compile("patronymics", w.Patronymics), surnames: compile("surnames", w.Surnames),
		particles: fold(w.Particles), given: fold(w.Given...)}
	return n, errors.Join(errs...)
}

var (
	nameAside   = lazy.Regexp(`\([^()]*\)|\[[^\[\]]*\]|<[^<>]*>|\{[^{}]*\}`)
	nameEnd     = lazy.Regexp(`\s+[/|·•–—-]+\s+|[/|;•]`)
	nameInitial = lazy.Regexp(`^(?:\p{L}\.?|(?:\p{L}{1,2}\.)+-?(?:\p{L}\.?)?)$`)
	nameDot     = lazy.Regexp(`(^|[ .])(\pL)\.`)
	nameWord    = lazy.Regexp(`^[\p{L}\p{M}][\p{L}\p{M}'’‘ʼʻ.-]*$`)
	nameJoined  = lazy.Regexp(`\pL{2}\.\pL{2}`)
)

const mostNameWords = 5

// Greeting returns how to greet a person of that name: by given name and patronymic if there is a patronymic, else by
// the name, given name first. It returns "" if the name is not a person's or its given name is unknown.
func (n *Names) Greeting(name string) string {
	words, single, ok := n.words(name)
	if !ok || len(words) == 0 || len(words) > mostNameWords {
		return ""
	}
	if said := n.formal(words); said != "" || single {
		return said
	}
	return n.plain(words)
}

// words returns the words of a name for a greeting, with corrected case, and in the right order if the name has a
// comma or only its first word, the surname, is in capitals. ok is false if the name is not a person's.
func (n *Names) words(name string) (words []string, single, ok bool) {
	name, ok = cleaned(name)
	if !ok {
		return nil, false, false
	}
	small := name == strings.ToLower(name)
	fields, ok := n.apart(name)
	if !ok {
		return nil, false, false
	}
	shouted := 0 // words in capitals
	for _, word := range fields {
		bare := strings.Trim(word, ".,'\"")
		switch {
		case matchAny(n.single, bare), matchAny(n.single, word):
			single = true
		case bare == "" || matchAny(n.titles, bare) && !n.given[strings.ToLower(bare)] &&
			!nameInitial().MatchString(word):
		case matchAny(n.companies, bare):
			return nil, false, false
		case !nameWord().MatchString(strings.Trim(word, ",")):
			return nil, false, false
		default:
			if shouts(bare) {
				shouted++
			}
			words = append(words, n.cased(strings.Trim(word, ","), small))
		}
	}
	if shouted == 1 && len(words) > 1 && shouts(fields[0]) && !n.known(words[:1]) {
		words = append(words[1:], words[0])
	}
	return words, single, true
}

// cleaned returns the name without what stands beside it. ok is false if it contains what no name does.
func cleaned(name string) (cleaned string, ok bool) {
	name = strings.Map(unadorned, nameAside().ReplaceAllString(name, " "))
	name = strings.Trim(glyph.Line(name), " '\"«»“”„`")
	if strings.ContainsAny(name, "@\\<>0123456789«»\"“”„&+=_") || strings.Contains(name, "://") ||
		strings.Contains(strings.ToLower(name), "www.") {
		return "", false
	}
	if at := nameEnd().FindStringIndex(name); at != nil && at[0] > 0 {
		name = name[:at[0]]
	}
	return nameDot().ReplaceAllString(turned(name), "$1$2. "), true
}

// unadorned replaces emoji and what belongs to them with blanks.
func unadorned(r rune) rune {
	if r >= 0x2600 && unicode.IsSymbol(r) || r == 0xFE0F || r == 0x200D {
		return ' '
	}
	return r
}

// shouts reports whether a word is in capitals, and long enough not to be initials.
func shouts(word string) bool {
	return utf8.RuneCountInString(word) > 2 && word == strings.ToUpper(word) && word != strings.ToLower(word)
}

// apart separates the words of a name, also those joined by dots as in an address. ok is false if none of the joined
// words is a given name: then it is a domain or an account.
func (n *Names) apart(name string) (words []string, ok bool) {
	for _, word := range strings.Fields(name) {
		if !nameJoined().MatchString(word) {
			words = append(words, word)
			continue
		}
		joined := strings.FieldsFunc(word, func(r rune) bool { return r == '.' || r == ',' })
		if !n.known(joined) {
			return nil, false
		}
		words = append(words, joined...)
	}
	return words, true
}

// turned returns "Ivan Petrovich Petrov" for "Petrov, Ivan Petrovich". If the text after the comma begins with a small
// letter, it describes the person and is cut off.
func turned(name string) string {
	before, behind, found := strings.Cut(name, ",")
	behind = strings.TrimSpace(behind)
	if !found {
		return name
	}
	if behind == "" || unicode.IsLower([]rune(behind)[0]) || strings.Contains(behind, ",") ||
		capitalized(before) > 2 {
		return before
	}
	return behind + " " + before
}

// capitalized returns the number of words that begin with a capital letter.
func capitalized(text string) (count int) {
	for _, word := range strings.Fields(text) {
		if unicode.IsUpper([]rune(word)[0]) {
			count++
		}
	}
	return count
}

// cased returns a word in capitals with the case of a name. It does the same for a word in small letters if the whole
// name is small; otherwise such a word is a particle like "von".
func (n *Names) cased(word string, small bool) string {
	lower := strings.ToLower(word)
	if n.particles[lower] {
		return lower
	}
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, word)
	if len([]rune(letters)) < 2 || letters != strings.ToUpper(letters) && !small || strings.Contains(word, ".") {
		return word
	}
	up := true
	return strings.Map(func(r rune) rune {
		defer func() { up = !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) }()
		if up {
			return unicode.ToUpper(r)
		}
		return r
	}, lower)
}

// formal returns given name and patronymic, or "" if one of them is missing.
func (n *Names) formal(words []string) string {
	if last := len(words) - 1; last >= 2 && n.particles[strings.ToLower(words[last])] {
		words = append(slices.Clone(words[:last-1]), words[last-1]+" "+words[last])
		return n.givenOf(words[:last-1], words[last-1])
	}
	at := -1
	for i, word := range words {
		if matchAny(n.patronymics, word) && !n.given[strings.ToLower(word)] {
			at = i
		}
	}
	if at < 0 || len(words) < 2 || at == 0 && len(words) == 2 {
		return ""
	}
	rest := slices.Delete(slices.Clone(words), at, at+1)
	if at > 0 && at < len(words)-1 || len(rest) == 1 { // given name, patronymic, surname
		before := words[max(at-1, 0)]
		if n.given[strings.ToLower(before)] || len(rest) == 1 || !n.known(rest) {
			return n.spoken(before, words[at])
		}
	}
	return n.givenOf(rest, words[at])
}

func (n *Names) known(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return n.given[strings.ToLower(w)] })
}

// givenOf picks the given name: a known one, else the last word that does not end like a surname, else the last.
func (n *Names) givenOf(words []string, patronymic string) string {
	if len(words) == 0 {
		return ""
	}
	pick := words[len(words)-1]
	for _, word := range words {
		if !matchAny(n.surnames, word) {
			pick = word
		}
	}
	for _, word := range words {
		if n.given[strings.ToLower(word)] {
			pick = word
		}
	}
	return n.spoken(pick, patronymic)
}

// spoken joins given name and patronymic, or returns "" if the given name is only an initial.
func (n *Names) spoken(given, patronymic string) string {
	if nameInitial().MatchString(given) {
		return ""
	}
	return given + " " + patronymic
}

// plain returns a name without a patronymic, given name first, or "" if only the surname is known.
func (n *Names) plain(words []string) string {
	full := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return nameInitial().MatchString(w) })
	switch {
	case len(full) == 0 || len(full) < len(words) && !n.known(full):
		return ""
	case len(full) == 1 && !n.given[strings.ToLower(full[0])] && matchAny(n.surnames, full[0]):
		return ""
	case len(full) == 2 && n.given[strings.ToLower(full[1])] && !n.given[strings.ToLower(full[0])]:
		full[0], full[1] = full[1], full[0]
	case len(full) == 2 && !n.known(full) && n.surnameFirst(full[0], full[1]):
		full[0], full[1] = full[1], full[0]
	}
	return strings.Join(full, " ")
}

// surnameFirst reports whether of two unknown words only the first ends like a surname. In Latin letters it is a given
// name nevertheless: Kevin, Jason.
func (n *Names) surnameFirst(first, second string) bool {
	return unicode.Is(unicode.Cyrillic, []rune(first)[0]) && matchAny(n.surnames, first) &&
		!matchAny(n.surnames, second)
}

func matchAny(res []*regexp.Regexp, s string) bool {
	return slices.ContainsFunc(res, func(re *regexp.Regexp) bool { return re.MatchString(s) })
}
