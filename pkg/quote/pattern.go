package quote

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"unicode/utf8"
)

// pattern matches if one of its many expressions does. Few lines have the runes in a row that a match begins with, so
// most lines need no expression at all.
type pattern struct {
	all   []alternative
	first *runeSet // runes that any of them can begin with; nil = one may begin with anything, or anywhere
}

type alternative struct {
	re       func() *regexp.Regexp // compiles it when a line first comes to it: most expressions see none for long
	first    []runeSet             // the first runes of every match; empty = they are unknown
	anchored bool                  // every match begins with the text
	known    bool                  // it cannot begin with an arbitrary word
	needs    byte                  // a byte in every match; 0 = unknown
	words    []string              // every match contains one of them, folded; empty = they are unknown
}

// may reports whether s has what every match needs. Most texts have not, and an expression takes much longer to tell.
func (a *alternative) may(s string) bool {
	switch {
	case a.needs != 0 && strings.IndexByte(s, a.needs) < 0:
		return false
	case len(a.first) == 0:
		return true
	case a.anchored:
		return startsWith(a.first, s)
	}
	return holds(a.first, s)
}

// alternatives reads a list of expressions that ignore case. Expressions that may begin with anything are combined, one
// for each byte that they need, those with words apart. The error names every invalid one.
func alternatives(name string, list []string) (pattern, error) {
	var (
		all   []alternative
		loose [2 * utf8.RuneSelf][]string
		words [2 * utf8.RuneSelf][]string
		errs  []error
	)
	for i, expr := range list {
		one := "(?i)(?:" + expr + ")"
		parsed, err := syntax.Parse(one, syntax.Perl)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s[%d]: compile %q: %w", name, i, expr, err))
			continue
		}
		needs := needed(parsed)
		if first, anchored := beginnings(parsed); len(first) > 0 {
			a := alternative{compiled(one), first, anchored, anchored && first[0].few(), needs, nil}
			if !anchored { // it is tried at every place, which takes longer than looking for its words
				a.words = wordsIn(parsed)
			}
			all = append(all, a)
		} else {
			group := 2 * int(needs)
			if some := wordsIn(parsed); len(some) > 0 {
				group++
				words[group] = append(words[group], some...)
			}
			loose[group] = append(loose[group], expr)
		}
	}
	for group, list := range loose {
		if len(list) == 0 {
			continue
		}
		joined := "(?i)(?:" + strings.Join(list, ")|(?:") + ")"
		if _, err := syntax.Parse(joined, syntax.Perl); err != nil {
			errs = append(errs, fmt.Errorf("%s: compile: %w", name, err))
		}
		all = append(all, alternative{re: compiled(joined), needs: byte(group / 2), words: words[group]})
	}
	return pattern{all, union(all)}, errors.Join(errs...)
}

// compiled returns what compiles an expression that was parsed without a mistake, at its first call.
func compiled(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// fits reports whether one of the expressions matches s.
func fits(p pattern, s string) bool {
	return p.fits(s, false)
}

// fitsKnown is fits for the expressions that cannot begin with an arbitrary word.
func fitsKnown(p pattern, s string) bool { return p.fits(s, true) }

func (p *pattern) fits(s string, known bool) bool {
	if p.first != nil {
		if r, _ := firstRune(s); !p.first.has(r) {
			return false
		}
	}
	text := "" // s folded
	for i := range p.all {
		a := &p.all[i]
		if !a.known && known || !a.may(s) {
			continue
		}
		if len(a.words) > 0 {
			if text == "" {
				text = folded(s)
			}
			if !containsAny(text, a.words) {
				continue
			}
		}
		if a.re().MatchString(s) {
			return true
		}
	}
	return false
}
