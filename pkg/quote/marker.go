package quote

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"helpdesk/pkg/tags"
)

func compileMarker(m Marker) (marker, error) {
	out := marker{
		tag:     strings.ToLower(m.Tag),
		below:   m.Below,
		holds:   m.Holds,
		rest:    m.Scope == "rest",
		purpose: m.Purpose,
	}
	if m.ID+m.Class+m.Attr+m.Style+m.Below+m.Holds == "" {
		return out, errors.New("a marker needs id, class, attr, style, below or holds")
	}
	var errs []error
	for _, f := range []struct {
		name, value string
		known       []string
	}{
		{"scope", m.Scope, []string{"", "element", "rest"}},
		{"purpose", m.Purpose, []string{purposeQuote, purposeIntro, purposeSignature}},
		{"below", m.Below, []string{"", needsAttribution, needsWeak}},
		{"holds", m.Holds, []string{"", needsLabel, needsAttribution}},
	} {
		if !slices.Contains(f.known, f.value) {
			errs = append(errs, fmt.Errorf("%s %q is not one of %q", f.name, f.value, f.known))
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

// marked reports whether a start tag begins a quote or signature.
func (p *page) marked(t tags.Token) (*marker, bool) {
	if !p.c.marked[t.Data] && !p.c.marked[""] {
		return nil, false
	}
	for i := range p.c.markers {
		if m := &p.c.markers[i]; (m.tag == "" || m.tag == t.Data) && m.fits(t) && p.stands(m, t.To) {
			return m, true
		}
	}
	return nil, false
}

// value returns the value of an attribute, or "" if it is too long.
func value(t tags.Token, name string) string {
	const longest = 2000
	if v := t.Get(name); len(v) <= longest {
		return v
	}
	return ""
}

func (m *marker) fits(t tags.Token) bool {
	if m.id != nil && !m.id.MatchString(value(t, "id")) || m.style != nil && !m.style.MatchString(value(t, "style")) {
		return false
	}
	if m.attrName != "" && !strings.EqualFold(value(t, m.attrName), m.attrValue) {
		return false
	}
	if m.class == nil {
		return true
	}
	for _, class := range strings.Fields(value(t, "class")) {
		if m.class.MatchString(class) {
			return true
		}
	}
	return false
}
