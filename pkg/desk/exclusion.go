package desk

import (
	"fmt"
	"sort"
	"strings"
	"unicode"
)

// Pattern is an address, a domain or the subdomains of a domain.
type Pattern struct {
	local  string // "" = any
	domain string // in ASCII
	under  bool   // the subdomains of domain, not domain itself
}

// ParsePattern reads a@b.ru, @b.ru (this domain) or @*.b.ru (its subdomains); Unicode and punycode are the same.
// pkg/config judges those of the settings the same way.
func ParsePattern(s string) (Pattern, error) {
	local, domain, at := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "@")
	if i := strings.LastIndexByte(domain, '@'); i >= 0 {
		return Pattern{}, fmt.Errorf("parse pattern %q: more than one @", s)
	}
	if !at {
		return Pattern{}, fmt.Errorf("parse pattern %q: no @; write a@%[2]s, @%[2]s or @*.%[2]s", s, local)
	}
	if strings.ContainsAny(local, "*<>,;") || strings.ContainsFunc(local, blank) {
		return Pattern{}, fmt.Errorf("parse pattern %q: a whole address, @domain or @*.domain is wanted", s)
	}
	p := Pattern{local: local}
	domain, p.under = strings.CutPrefix(domain, "*.")
	if p.under && local != "" {
		return Pattern{}, fmt.Errorf("parse pattern %q: subdomains can be given without an address only: @*.%s", s,
			domain)
	}
	var ok bool
	if p.domain, ok = asciiDomain(domain); !ok {
		return Pattern{}, fmt.Errorf("parse pattern %q: %q is no domain", s, domain)
	}
	return p, nil
}

func blank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// Match reports whether the pattern hits the address, in whatever spelling it is.
func (p Pattern) Match(addr string) bool {
	if p.domain == "" {
		return false
	}
	local, domain := splitAddress(FoldAddress(addr))
	if p.under {
		return len(domain) > len(p.domain)+1 && strings.HasSuffix(domain, "."+p.domain)
	}
	return domain == p.domain && (p.local == "" || p.local == local)
}

// String returns the pattern in its one spelling: what it is kept and compared by.
func (p Pattern) String() string {
	if p.under {
		return "@*." + p.domain
	}
	return p.local + "@" + p.domain
}

// width orders the scopes: each includes the one before.
func (s Scope) width() int {
	switch s {
	case ScopeAutoReply:
		return 1
	case ScopeLetters:
		return 2
	case ScopeMail:
		return 3
	}
	return 0
}

// Includes reports whether the scope takes away at least what the other does.
func (s Scope) Includes(other Scope) bool { return s.width() >= other.width() && s.width() > 0 }

// Hits returns the exclusions that hit one of the addresses, the widest scope first.
func Hits(exclusions []Exclusion, addrs ...string) []Exclusion {
	var hits []Exclusion
	for _, x := range exclusions {
		p, err := ParsePattern(x.Match)
		if err != nil {
			continue // Compile and `exclude add` refuse it; one from elsewhere can hit nothing
		}
		for _, a := range addrs {
			if a != "" && p.Match(a) {
				hits = append(hits, x)
				break
			}
		}
	}
	sort.SliceStable(hits, func(i, j int) bool { return hits[i].Scope.width() > hits[j].Scope.width() })
	return hits
}

// Hit returns the exclusion of the widest scope that hits one of the addresses, and whether there is one.
func Hit(exclusions []Exclusion, addrs ...string) (Exclusion, bool) {
	if hits := Hits(exclusions, addrs...); len(hits) > 0 {
		return hits[0], true
	}
	return Exclusion{}, false
}
