package desk

import (
	"regexp"
	"strings"
	"unicode"

	"helpdesk/pkg/glyph"
)

const (
	subjectMax  = 2_000 // characters of a subject that a post shows
	subjectsMax = 20    // further subjects that a ticket remembers
	lettersLeft = 4     // letters; a shorter subject cannot distinguish requests
)

// fronts matches what mail programs and gateways put before the writer's own subject.
type fronts struct {
	all    *regexp.Regexp // any number of reply prefixes and gateways' tags; nil = none
	prefix *regexp.Regexp // one reply prefix; nil = none
	gate   *regexp.Regexp // one gateway's tag with a colon; nil = none
}

// compileFronts compiles the prefixes and tags in the data file.
func compileFronts(w *Words, compile func(list string, patterns []string,
	form string) []*regexp.Regexp) (f fronts, err error) {
	var each []string
	if len(w.ReplyPrefixes) > 0 {
		// QUIRK: The Bat! counts Re[2]:, Lotus Notes Re(2):, Pegasus Re^2:; Asian programs write a full-width colon.
		one := `(?:` + either(w.ReplyPrefixes) + `)\s*(?:[\[(^]\s*\d{1,3}\s*[\])]?)?\s*[:\x{FF1A}]`
		each, f.prefix = append(each, one), regexp.MustCompile(`(?i)^\s*`+one+`\s*`)
	}
	if len(compile("gateway_tags", w.GatewayTags, `(?:%s)`)) < len(w.GatewayTags) {
		return f, nil // compile has recorded the error
	}
	if len(w.GatewayTags) > 0 {
		each = append(each, `[\[{(<*_#~|]{1,5}\s*(?:`+strings.Join(w.GatewayTags, "|")+
			`)\s*[\])}>*_#~|]{1,5}\s*[:|–-]?`)
	}
	if len(w.GatewayPrefixes) > 0 {
		one := `(?-i:` + either(w.GatewayPrefixes) + `):`
		each, f.gate = append(each, one), regexp.MustCompile(`^\s*`+one+`\s*`)
	}
	if len(each) > 0 {
		f.all, err = regexp.Compile(`(?i)^(?:\s*(?:` + strings.Join(each, "|") + `)\s*)+`)
	}
	return f, err
}

// either returns a pattern that matches any one of the words.
func either(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = regexp.QuoteMeta(w)
	}
	return strings.Join(quoted, "|")
}

// CleanSubject returns the subject on one line, without Re:, Fwd:, gateways' tags and our tokens.
func (r *Rules) CleanSubject(subject string) string {
	s := CutTokens(glyph.Line(subject))
	if r.fronts.all == nil {
		return s
	}
	return strings.TrimSpace(s[len(r.fronts.all.FindString(s)):])
}

// foldSubject returns a subject folded for comparison.
func foldSubject(s string) string {
	// QUIRK: the same person writes Cyrillic io sometimes as io and sometimes as ie.
	return strings.ReplaceAll(strings.ToLower(s), "\u0451", "\u0435")
}

// newSubject returns the clean subject of a message in a ticket, or "" if a subject of the ticket already contains it.
// A part of a known subject is not new, since mail programs and we ourselves shorten long subjects.
func (r *Rules) newSubject(m *Message, t *Ticket) string {
	clean := r.CleanSubject(m.Subject)
	said := strings.TrimRight(foldSubject(clean), "…. ")
	if said == "" {
		return ""
	}
	for _, known := range append([]string{t.Subject}, t.Subjects...) {
		if strings.Contains(foldSubject(known), said) {
			return ""
		}
	}
	return clean
}

// NormalSubject returns the subject in the form used for comparison, or "" if fewer than four letters are left.
func (r *Rules) NormalSubject(subject string) string {
	s := foldSubject(r.CleanSubject(subject))
	letters := 0
	for _, c := range s {
		if unicode.IsLetter(c) {
			letters++
		}
	}
	if letters < lettersLeft {
		return ""
	}
	return s
}
