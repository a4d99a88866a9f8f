package quote

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// pattern is many regular expressions, of which one has to match. Most are anchored, and most lines of a letter begin
// with a letter that none of them begins with: those are told without running any, which was a third of all the work of
// reading a letter.
type pattern struct {
	all   []alternative
	first *firsts // of all of them; nil = one may begin with anything
}

type alternative struct {
	re     *regexp.Regexp
	first  *firsts // nil = it may begin with anything
	second *firsts // behind that; nil = anything, or nothing
	known  bool    // it can't begin with just any word
	needs  byte    // what every match holds, 0 = nothing that is known
}

// alternatives compiles a list of expressions, to match without regard to case; an error names every bad one. Those
// that may begin with anything are made into one for each byte they need.
func alternatives(name string, list []string) (pattern, error) {
	var (
		all   []alternative
		loose [utf8.RuneSelf][]string
		errs  []error
	)
	for i, expr := range list {
		one := "(?i)(?:" + expr + ")"
		re, err := regexp.Compile(one)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s[%d]: compile %q: %w", name, i, expr, err))
			continue
		}
		needs := needed(one)
		if first, second := beginnings(one); first != nil {
			all = append(all, alternative{re, first, second, first.few(), needs})
		} else {
			loose[needs] = append(loose[needs], expr)
		}
	}
	for needs, list := range loose {
		if len(list) == 0 {
			continue
		}
		re, err := regexp.Compile("(?i)(?:" + strings.Join(list, ")|(?:") + ")")
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: compile: %w", name, err))
		}
		all = append(all, alternative{re: re, needs: byte(needs)})
	}
	return pattern{all, union(all)}, errors.Join(errs...)
}

// fits reports whether one of the expressions matches s.
func fits(p pattern, s string) bool {
	return p.fits(s, false)
}

// fitsKnown reports whether one of those matches that can't begin with just any word.
func fitsKnown(p pattern, s string) bool { return p.fits(s, true) }

func (p pattern) fits(s string, known bool) bool {
	r, n := firstRune(s)
	if !p.first.has(r) {
		return false
	}
	next, _ := firstRune(s[n:])
	for _, a := range p.all {
		if known && !a.known {
			continue
		}
		if a.first.has(r) && a.second.has(next) && (a.needs == 0 || strings.IndexByte(s, a.needs) >= 0) &&
			a.re.MatchString(s) {
			return true
		}
	}
	return false
}
