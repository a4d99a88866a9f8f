package desk

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

// thanksRules recognises letters that only say thanks.
type thanksRules struct {
	whole func() *regexp.Regexp // matches such a letter; it is large, and compiled when a letter first comes to it
	not   []*regexp.Regexp      // patterns that never match in such a letter
}

// thanking compiles thanksRules from the lists. A name may accompany a greeting or the thanks, or be the last line. A
// signature ends at a blank line, except for a blank line directly after its first words.
func thanking(w *Words, compile func(list string, patterns []string,
	form string) []*regexp.Regexp) (g thanksRules, err error) {
	const (
		gap  = `[ ,.!;:()*\n–—🙏👍😊🙂😀❤️-]`
		line = `\n[^\n?!]{1,70}`
		none = `[^\x00-\x{10FFFF}]`
	)
	g.not = compile("thanks_not", w.ThanksNot, `(?i)(?:^|\PL)(?:%s)(?:\PL|$)`)
	either := func(list string, patterns []string) string {
		for _, p := range patterns {
			if _, wrong := syntax.Parse(p, syntax.Perl); wrong != nil {
				err = errors.Join(err, fmt.Errorf("%s: compile %q: %w", list, p, wrong))
			}
		}
		if len(patterns) == 0 {
			return none
		}
		return `(?:` + strings.Join(patterns, "|") + `)`
	}
	name := `(?-i:` + either("names", w.Names) + `)`
	thanks, with := either("thanks", w.Thanks), either("thanks_with", w.ThanksWith)
	greeting, signature := either("greetings", w.Greetings), either("signatures", w.Signatures)
	if err != nil {
		return g, err
	}
	words := `(?:` + thanks + `(?:,? ` + name + `)?|` + with + `(?:, ` + name + `)?)`
	end := `(?:\n+(?:` + signature + `[ ,.!]*\n\n` + name + `|` + signature + `[^\n]*)(?:` + line + `){0,6}|\n+` +
		name + `)?`
	whole := `(?i)^(?:` + name + `, )?(?:` + greeting + `(?:,? ` + name + `)?` + gap + `+)?(?:` +
		name + `[,!]` + gap + `*)?` +
		`(?:` + with + gap + `+)*` + thanks + `(?:,? ` + name + `)?(?:` + gap + `+` + words + `)*` + gap + `*` + end +
		gap + `*$`
	if _, err := syntax.Parse(whole, syntax.Perl); err != nil {
		return g, err
	}
	g.whole = lazy.Regexp(whole)
	return g, nil
}

// only reports whether the whole text is thanks.
func (g *thanksRules) only(text string) bool {
	for _, re := range g.not {
		if re.MatchString(text) {
			return false
		}
	}
	return g.whole != nil && g.whole().MatchString(text)
}

// askThanks checks the writer's own words and the subject, without the quote. It does not hit if a file is attached,
// since somebody has to look at it.
func askThanks(w *weighing) (string, bool) {
	for _, a := range w.m.Attachments {
		if !a.Inline {
			return "", false
		}
	}
	if w.quotes() == quotesThird { // the letter is about the quoted one
		return "", false
	}
	const most = 400 // characters; a thank-you is short, even with its signature
	text, subject := paragraphs(w.m.Text), w.r.newSubject(w.m, w.found)
	if subject != "" && !w.r.thanks.only(subject) {
		return "", false
	}
	if text == "" {
		text = subject
	}
	if text == "" || len([]rune(text)) > most || !w.r.thanks.only(text) {
		return "", false
	}
	first, _, _ := strings.Cut(text, "\n")
	return glyph.Cut(first, 60), true
}

// paragraphs trims the lines of a text and reduces several blank lines to one.
func paragraphs(text string) string {
	var b strings.Builder
	blank := false
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line == "" {
			blank = true
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
			if blank {
				b.WriteByte('\n')
			}
		}
		b.WriteString(line)
		blank = false
	}
	return b.String()
}
