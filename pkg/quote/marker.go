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

// marked reports whether a start tag that ends at offset end begins a quote or signature.
func (p *page) marked(tag string, r *tags.Reader, end int) (*marker, bool) {
	if !p.c.marked[tag] && !p.c.marked[""] {
		return nil, false
	}
	attrs := p.attributes(r)
	for i := range p.c.markers {
		if m := &p.c.markers[i]; (m.tag == "" || m.tag == tag) && m.fits(attrs) && p.stands(m, end) {
			return m, true
		}
	}
	return nil, false
}

// attributes returns the attributes of the current tag of the reader. The map is reused by the next call.
func (p *page) attributes(r *tags.Reader) map[string]string {
	clear(p.attrs)
	for more := true; more && len(p.attrs) < 50; {
		var k, v []byte
		if k, v, more = r.TagAttr(); k != nil && len(v) <= 2000 {
			p.attrs[string(k)] = string(v)
		}
	}
	return p.attrs
}

func (m *marker) fits(attrs map[string]string) bool {
	if m.id != nil && !m.id.MatchString(attrs["id"]) || m.style != nil && !m.style.MatchString(attrs["style"]) {
		return false
	}
	if m.attrName != "" && !strings.EqualFold(attrs[m.attrName], m.attrValue) {
		return false
	}
	if m.class == nil {
		return true
	}
	for _, class := range strings.Fields(attrs["class"]) {
		if m.class.MatchString(class) {
			return true
		}
	}
	return false
}
