package desk

import (
	"regexp"
	"strings"
	"unicode"

	"helpdesk/pkg/glyph"
)

const (
	subjectMax  = 2_000 // characters of a subject as a post shows it
	subjectsMax = 20    // subjects besides its own that a ticket remembers
	lettersLeft = 4     // a subject with fewer letters can't tell one request from another
)

// fronts is what stands in front of a subject and is none of its writer's words.
type fronts struct {
	all    *regexp.Regexp // reply prefixes and gateways' tags, as many as there are; nil = none
	prefix *regexp.Regexp // one reply prefix; nil = none
	gate   *regexp.Regexp // one gateway's mark before a colon; nil = none
}

// compileFronts makes the patterns of the data file's words.
func compileFronts(w *Words, compile func(list string, patterns []string,
	form string) []*regexp.Regexp) (f fronts, err error) {
	var each []string
	if len(w.ReplyPrefixes) > 0 {
		// QUIRK: The Bat! counts Re[2]:, Lotus Notes Re(2):, Pegasus Re^2:; Asian programs write a full-width colon.
		one := `(?:` + either(w.ReplyPrefixes) + `)\s*(?:[\[(^]\s*\d{1,3}\s*[\])]?)?\s*[:\x{FF1A}]`
		each, f.prefix = append(each, one), regexp.MustCompile(`(?i)^\s*`+one+`\s*`)
	}
	if len(compile("gateway_tags", w.GatewayTags, `(?:%s)`)) < len(w.GatewayTags) {
		return f, nil // compile tells
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

// either returns a pattern for one of the words.
func either(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = regexp.QuoteMeta(w)
	}
	return strings.Join(quoted, "|")
}

// CleanSubject returns the subject on one line, without Re:, Fwd:, the tags of gateways, and our tokens.
func (r *Rules) CleanSubject(subject string) string {
	s := CutTokens(glyph.Line(subject))
	if r.fronts.all == nil {
		return s
	}
	return strings.TrimSpace(s[len(r.fronts.all.FindString(s)):])
}

// foldSubject returns a subject as it is compared.
func foldSubject(s string) string {
	// QUIRK: Cyrillic io is written as ie as often as not, by the same person.
	return strings.ReplaceAll(strings.ToLower(s), "\u0451", "\u0435")
}

// newSubject returns the clean subject of a message that belongs to the ticket, where it says something that no subject
// of the ticket has said; else "". Mail programs, and we ourselves, shorten long ones.
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

// NormalSubject returns the subject as it is compared, "" when fewer than four letters are left of it.
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
