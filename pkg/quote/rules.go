// Package quote separates the words of a letter's writer from their quotes and their signature, in plain text and in
// HTML. It does not change the text that it keeps, and decides nothing about a message.
//
// The look of quotes and signatures is data, see Rules.
package quote

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Rules describe quotes and signatures. Patterns are RE2, ignore case, and match anywhere in the line unless anchored.
type Rules struct {
	Terms     map[string]string `yaml:"terms"`      // parts of patterns; a pattern refers to them as {name}
	Quotes    []string          `yaml:"quotes"`     // the beginning of a quoted line
	NotQuotes []string          `yaml:"not_quotes"` // lines that begin like a quoted one but are not: tables, prompts
	// the lines above a quote: up to five, joined by blanks
	Attributions []string `yaml:"attributions"`
	Weak         []string `yaml:"weak_attributions"` // likewise, but only with quote marks below
	Prefaces     []string `yaml:"prefaces"`          // lines above an attribution that belong to it
	Separators   []string `yaml:"separators"`        // everything below is the message being answered
	Answers      []string `yaml:"answers_below"`     // remarks that the answers are inside the quote
	// whole sentences that only refer to answers elsewhere in the letter
	Pointers    []string `yaml:"pointers"`
	Greetings   []string `yaml:"greetings"`        // whole sentences that only greet
	Names       []string `yaml:"names"`            // lines that are only a name, below a greeting; case matters
	Forwards    []string `yaml:"forwards"`         // everything below is content
	Subjects    []string `yaml:"forward_subjects"` // prefixes in the subject of a forward, without the colon
	FromLabels  []string `yaml:"from_labels"`      // fields of a copied header: the sender …
	OtherLabels []string `yaml:"other_labels"`     // … and at least two of these
	Delimiters  []string `yaml:"delimiters"`       // everything below is a signature
	Dashes      []string `yaml:"weak_delimiters"`  // likewise, if what follows looks like a signature
	Closings    []string `yaml:"closings"`         // lines that only signatures have
	Contacts    []string `yaml:"contacts"`         // kinds of lines of which signatures have two
	Decorations []string `yaml:"decorations"`      // lines of dashes and the like, which mean nothing at the end
	Signatures  []string `yaml:"signatures"`       // lines that programs append to a text
	Stubs       []string `yaml:"stubs"`            // plain texts that replace a letter in HTML
	HTML        []Marker `yaml:"html"`
}

// Marker describes the start of a quote or signature in HTML. All given fields must match.
type Marker struct {
	Tag     string `yaml:"tag"`
	ID      string `yaml:"id"`      // RE2 on the whole id
	Class   string `yaml:"class"`   // RE2 on one class
	Attr    string `yaml:"attr"`    // name=value
	Style   string `yaml:"style"`   // RE2 anywhere in the style
	Below   string `yaml:"below"`   // what must be above: an attribution, or at least a weak one
	Holds   string `yaml:"holds"`   // what its text must begin with: a label of a copied header, or an attribution
	Scope   string `yaml:"scope"`   // element, or rest for everything that follows
	Purpose string `yaml:"purpose"` // quote, intro (a line above a quote) or signature
}

// Conditions on the text around a marker.
const (
	needsLabel       = "label"
	needsAttribution = "attribution"
	needsWeak        = "weak"
)

// Cutter separates quotes and signatures by compiled Rules. It is safe for concurrent use.
type Cutter struct {
	quotes, notQuotes, attributions, weak, prefaces, separators pattern
	answers, forwards, pointers, greetings, names               pattern
	delimiters, dashes, closings, contacts, decorations         pattern
	signatures, stubs                                           pattern

	from, other, forwardSubjects map[string]bool

	markers []marker
	// tags of the markers, "" = any
	marked map[string]bool
}

type marker struct {
	tag, attrName, attrValue string
	id, class, style         *regexp.Regexp
	below, holds             string
	rest                     bool
	purpose                  string
}

// Compile compiles the patterns. The error names every invalid one.
func Compile(r Rules) (*Cutter, error) {
	c := &Cutter{
		from:            labels(r.FromLabels),
		other:           labels(r.OtherLabels),
		forwardSubjects: labels(r.Subjects),
		marked:          map[string]bool{},
	}
	var errs []error
	for _, l := range []struct {
		name string
		list []string
		to   *pattern
	}{
		{
			"quotes",
			r.Quotes,
			&c.quotes,
		}, {
			"not_quotes",
			r.NotQuotes,
			&c.notQuotes,
		}, {"attributions", r.Attributions, &c.attributions}, {"weak_attributions", r.Weak, &c.weak},
		{
			"prefaces",
			r.Prefaces,
			&c.prefaces,
		}, {
			"separators",
			r.Separators,
			&c.separators,
		}, {"answers_below", r.Answers, &c.answers}, {"forwards", r.Forwards, &c.forwards},
		{"pointers", r.Pointers, &c.pointers}, {"greetings", r.Greetings, &c.greetings}, {"names", r.Names, &c.names},
		{"delimiters", r.Delimiters, &c.delimiters}, {"weak_delimiters", r.Dashes, &c.dashes},
		{
			"closings",
			r.Closings,
			&c.closings,
		}, {"contacts", r.Contacts, &c.contacts}, {"decorations", r.Decorations, &c.decorations},
		{"signatures", r.Signatures, &c.signatures}, {"stubs", r.Stubs, &c.stubs},
	} {
		list, err := spelled(l.name, l.list, r.Terms)
		errs = append(errs, err)
		*l.to, err = alternatives(l.name, list)
		errs = append(errs, err)
	}
	for i, m := range r.HTML {
		compiled, err := compileMarker(m)
		if err != nil {
			err = fmt.Errorf("html[%d]: %w", i, err)
		}
		errs = append(errs, err)
		c.markers = append(c.markers, compiled)
		c.marked[compiled.tag] = true
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

func labels(list []string) map[string]bool {
	m := map[string]bool{}
	for _, l := range list {
		m[strings.ToLower(l)] = true
	}
	return m
}

// attribution reports whether a line is an attribution, sure or weak.
func (c *Cutter) attribution(s string) bool { return fits(c.attributions, s) || fits(c.weak, s) }

// maxStub is the size in bytes from which a text is too long to be a stub.
const maxStub = 600

// Stub reports whether a plain text is empty or only says that the letter is in HTML.
func (c *Cutter) Stub(plain string) bool {
	text := make([]byte, 0, maxStub)
	for word := range strings.FieldsSeq(plain) {
		if len(text) > 0 {
			text = append(text, ' ')
		}
		if text = append(text, word...); len(text) >= maxStub {
			return false
		}
	}
	return len(text) == 0 || fits(c.stubs, string(text))
}
