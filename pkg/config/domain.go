package config

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// pkg/desk judges domains and patterns by the same rules, because exclusions added by hand do not pass through this
// package. A test of cmd compares the two.

// pattern checks an address, a domain after @, or the subdomains of one: @*.b.ru.
func pattern(s string) string {
	const want = "must be a@b.ru, @b.ru (the domain) or @*.b.ru (its subdomains)"
	local, domain, at := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "@")
	if !at || strings.Contains(domain, "@") || strings.ContainsAny(local, "*<>,;") ||
		strings.ContainsFunc(local, blank) {
		return want
	}
	domain, under := strings.CutPrefix(domain, "*.")
	if under && local != "" || strings.Contains(domain, "*") || domain == "" {
		return want
	}
	if !isDomain(domain) {
		return noDomain
	}
	return ""
}

const noDomain = "must have a domain behind the @: b.ru, mail.b.ru"

func blank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// plainLabel reports whether a text is a label of a domain in ASCII. It is called in every pass, before a pattern would
// be compiled.
func plainLabel(s string) bool {
	return s != "" && len(s) <= 63 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == "" &&
		!strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-")
}

// isDomain reports whether a text is a domain, in Unicode or punycode. ASCII labels may contain _ as well: mail comes
// from such domains.
func isDomain(s string) bool {
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(s), "."), ".")
	for i, label := range labels {
		if !strings.HasPrefix(label, "xn--") && !strings.ContainsFunc(label, func(r rune) bool { return r > 127 }) {
			continue
		}
		ascii, err := idna.Lookup.ToASCII(label)
		if err != nil {
			return false
		}
		labels[i] = ascii
	}
	whole := strings.Join(labels, ".")
	for label := range strings.SplitSeq(whole, ".") {
		if !plainLabel(label) {
			return false
		}
	}
	return len(whole) <= 253
}
