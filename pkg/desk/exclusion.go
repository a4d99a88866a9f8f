package desk

import (
	"fmt"
	"sort"
	"strings"
	"unicode"
)

// Pattern matches an address, all addresses of a domain, or all addresses of a domain's subdomains.
type Pattern struct {
	local  string // "" = any
	domain string // in ASCII
	under  bool   // the subdomains of domain, not domain itself
}

// ParsePattern parses a@b.ru, @b.ru (this domain) or @*.b.ru (its subdomains). A domain may be in Unicode or punycode.
// pkg/config validates the patterns in the settings in the same way.
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

// Match reports whether the pattern matches the address in any spelling.
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

// String returns the canonical spelling, in which patterns are stored and compared.
func (p Pattern) String() string {
	if p.under {
		return "@*." + p.domain
	}
	return p.local + "@" + p.domain
}

// width returns the rank of the scope: each scope includes those of lower rank.
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

// Includes reports whether the scope covers at least what the other covers.
func (s Scope) Includes(other Scope) bool { return s.width() >= other.width() && s.width() > 0 }

// Hits returns the exclusions that match one of the addresses, widest scope first.
func Hits(exclusions []Exclusion, addrs ...string) []Exclusion {
	var hits []Exclusion
	for _, x := range exclusions {
		p, err := ParsePattern(x.Match)
		if err != nil {
			continue // Compile and `exclude add` refuse such a pattern; one from elsewhere matches nothing
		}
		for _, a := range addrs {
			if a != "" && p.Match(a) {
				hits = append(hits, x)
				break
			}
		}
	}
	return widest(hits)
}

// widest sorts exclusions by their scopes, widest first.
func widest(hits []Exclusion) []Exclusion {
	sort.SliceStable(hits, func(i, j int) bool { return hits[i].Scope.width() > hits[j].Scope.width() })
	return hits
}

// hushed returns exclusions that stop letters but ignore no mail: they are those of somebody whose letter a specialist
// forwards on purpose.
func hushed(hits []Exclusion) []Exclusion {
	for i := range hits {
		if hits[i].Scope == ScopeMail {
			hits[i].Scope = ScopeLetters
		}
	}
	return hits
}

// Hit returns the exclusion of the widest scope that matches one of the addresses, and whether there is one.
func Hit(exclusions []Exclusion, addrs ...string) (Exclusion, bool) {
	if hits := Hits(exclusions, addrs...); len(hits) > 0 {
		return hits[0], true
	}
	return Exclusion{}, false
}
