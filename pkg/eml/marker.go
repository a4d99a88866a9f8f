package eml

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func compileMarker(m Marker) (marker, error) {
	out := marker{tag: strings.ToLower(m.Tag), rest: m.Scope == "rest", purpose: m.Purpose}
	if m.ID+m.Class+m.Attr+m.Style == "" {
		return out, errors.New("a marker needs id, class, attr or style")
	}
	var errs []error
	for _, f := range []struct {
		name, value string
		known       []string
	}{
		{"scope", m.Scope, []string{"", "element", "rest"}},
		{"purpose", m.Purpose, []string{purposeQuote, purposeIntro, purposeSignature}},
	} {
		if !slices.Contains(f.known, f.value) {
			errs = append(errs, fmt.Errorf("%s %q is none of %q", f.name, f.value, f.known))
		}
	}
	out.attrName, out.attrValue, _ = strings.Cut(strings.ToLower(m.Attr), "=")
	for _, p := range []struct {
		text, form string
		to         **regexp.Regexp
	}{{m.ID, "(?i)^(?:%s)$", &out.id}, {m.Class, "(?i)^(?:%s)$", &out.class}, {m.Style, "(?i)(?:%s)", &out.style}} {
		if p.text == "" {
			continue
		}
		re, err := regexp.Compile(fmt.Sprintf(p.form, p.text))
		if err != nil {
			err = fmt.Errorf("compile %q: %w", p.text, err)
		}
		*p.to = re
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// aTerm is where a pattern names a part; no count of repetitions looks so.
var aTerm = regexp.MustCompile(`\{[a-z]+\}`)

// spelled writes out the terms in a list of patterns, and those that stand in terms.
func spelled(name string, list []string, terms map[string]string) ([]string, error) {
	var errs []error
	var write func(s string, depth int) string
	write = func(s string, depth int) string {
		return aTerm.ReplaceAllStringFunc(s, func(t string) string {
			term, ok := terms[t[1:len(t)-1]]
			if !ok || depth == 0 {
				errs = append(errs, fmt.Errorf("%s: %q in %q is no term", name, t, s))
				return ""
			}
			return "(?:" + write(term, depth-1) + ")"
		})
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = write(s, 3)
	}
	return out, errors.Join(errs...)
}
