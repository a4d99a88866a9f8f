package desk

import (
	"html"
	"regexp"
	"strings"
	"unicode"

	"helpdesk/pkg/lazy"
)

// This file reads a specialist's text as people see it: without invisible characters, quotes and markup.

// unseen matches what may precede the mark of a quoted line.
const unseen = `(?:[ \t\p{Cf}\p{Zs}\p{M}]|\[/?[A-Za-z][^\[\]\n]*\])*`

var (
	quoteTag  = lazy.Regexp(`(?i)\[(/?)quote\b[^\[\]]{0,100}\]`)
	chatQuote = lazy.Regexp(`(?ms)^-{6,}[ \t\r]*\n(.*?)\n-{6,}[ \t\r]*$`)
	chatOpen  = lazy.Regexp(`(?ms)^-{6,}[ \t\r]*\n([^\n]{0,100}\[[^\]\n]{0,40}\d[^\]\n]{0,40}\][^\n]{0,60}\n.*)\z`)
	lineQuote = lazy.Regexp(`(?m)^` + unseen + `(?:>>|&gt;&gt;)[^\n]*$`)
	markQuote = lazy.Regexp(`(?m)^(?:` + unseen + `(?:>|&gt;)[^\n]*(?:\n|\z))+`)
	lineMark  = lazy.Regexp(`(?m)^` + unseen + `(?:>|&gt;)+[ \t]?`)

	leadTag  = lazy.Regexp(`^(?:\[(?:/?[A-Za-z][^\[\]]*|\*)\]|</?[A-Za-z][^<>]{0,200}>)`)
	leadUser = lazy.Regexp(`(?is)^\[(?:user|chat|context|department|project)\b[^\[\]]{0,100}\].{0,200}?` +
		`\[/(?:user|chat|context|department|project)\]|` +
		`^\[url=[^\[\]]*/company/personal/user/[^\[\]]*\][^\[\]]{0,200}\[/url\]`)
	leadTyped  = lazy.Regexp(`^@[\pL\pN_.-]*[\pL\pN_](?:[ \t]+\p{Lu}[\pL.-]*){0,2}`)
	leadMark   = lazy.Regexp(`^>[^\n]*(?:\n|$)`)
	leadMedia  = lazy.Regexp(`(?is)^\[(?:img|video)\b[^\[\]]*\][^\[\]]{0,1000}\[/(?:img|video)\]`)
	afterNames = lazy.Regexp(`^(?:[\s,:;.!–—-]|\([^()\n]{0,60}\))`)
	nextName   = lazy.Regexp(`^(?:\pL{1,3}|[&+])[ \t]+(@|\[(?i:user|chat|url=)\b)`)
)

// stretch is a part of a text.
type stretch struct{ from, to int }

// quoted returns the quotes in a comment, in order. These are elements of the old card, nested or never closed, and the
// chat's quotes: between lines of dashes, closed or not, or behind >>.
func quoted(text string) []stretch {
	var found []stretch
	depth, from := 0, 0
	for _, m := range quoteTag().FindAllStringSubmatchIndex(text, -1) {
		if closing := m[2] < m[3]; !closing {
			if depth == 0 {
				from = m[0]
			}
			depth++
		} else if depth > 0 {
			if depth--; depth == 0 {
				found = append(found, stretch{from, m[1]})
			}
		}
	}
	if depth > 0 {
		found = append(found, stretch{from, len(text)})
	}
	for _, form := range []func() *regexp.Regexp{chatQuote, chatOpen, lineQuote} {
		for _, m := range form().FindAllStringIndex(text, -1) {
			found = insertStretch(found, stretch{m[0], m[1]})
		}
	}
	return found
}

// insertStretch inserts a stretch in order, unless it overlaps with one that is there.
func insertStretch(all []stretch, s stretch) []stretch {
	i := 0
	for i < len(all) && all[i].from < s.from {
		i++
	}
	if i > 0 && all[i-1].to > s.from || i < len(all) && all[i].from < s.to {
		return all
	}
	return append(all[:i:i], append([]stretch{s}, all[i:]...)...)
}

// without returns a text without those of its quotes for which cut returns true.
func without(text string, cut func(quote string) bool) string { return cutOut(text, quoted(text), cut) }

// cutOut returns a text without those of the stretches for which cut returns true.
func cutOut(text string, stretches []stretch, cut func(string) bool) string {
	var b strings.Builder
	end, gone := 0, false
	for _, s := range stretches {
		if !cut(text[s.from:s.to]) {
			continue
		}
		b.WriteString(strings.TrimRight(text[end:s.from], " \t"))
		end, gone = s.to, true
	}
	if !gone {
		return text
	}
	b.WriteString(text[end:])
	return trim(manyLines().ReplaceAllString(b.String(), "\n\n"))
}

var manyLines = lazy.Regexp(`\n[ \t]*\n(?:[ \t]*\n)+`)

// unquoted returns a text without its quotes.
func unquoted(text string) string { return without(text, func(string) bool { return true }) }

// seen returns a text without invisible characters and with slashes in one form, to check what it begins with.
func seen(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\uff0f', r == '\u2044', r == '\u2215', r == '\u29f8', r == '\u2571':
			return '/'
		case r != '\n' && invisible(r) && !unicode.IsSpace(r):
			return -1
		}
		return r
	}, html.UnescapeString(text))
}

// invisible reports whether a character is not visible: a blank of any kind, a control, a format, a mark or a filler.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u2800' || r == '\ufffc' ||
		unicode.In(r, unicode.Cf, unicode.Z, unicode.M, unicode.Other_Default_Ignorable_Code_Point)
}

// trim removes white space and other invisible characters at both ends.
func trim(s string) string { return strings.TrimFunc(s, invisible) }

// ownWords returns a text from the beginning of the writer's own words, behind quotes, mentions, markup and invisible
// characters.
func ownWords(text string) string { return ledBy(text, func(string) bool { return false }) }

// leads match what may precede the writer's own words.
var leads = []func() *regexp.Regexp{leadUser, leadMedia, leadTag, leadTyped, leadMark}

// ledBy removes, piece by piece, what precedes the writer's own words, after leaving out quotes. Before each piece it
// calls fn with the rest of the text, and stops if fn returns true. It returns what is left.
func ledBy(text string, fn func(rest string) bool) string {
	text = trim(seen(unquoted(text)))
	for named := false; !fn(text); {
		n := 0
		for _, lead := range leads {
			if at := lead().FindStringIndex(text); at != nil {
				n = at[1]
				break
			}
		}
		switch {
		case n > 0:
			named = named || isName(text)
		case named:
			if n = len(afterNames().FindString(text)); n == 0 {
				if at := nextName().FindStringSubmatchIndex(text); at != nil {
					n = at[2]
				}
			}
		}
		if n == 0 {
			break
		}
		text = trim(text[n:])
	}
	return text
}

// isName reports whether a text begins with a mention.
func isName(text string) bool { return strings.HasPrefix(text, "@") || leadUser().MatchString(text) }

// begins reports whether a comment, or the writer's own words in it, begin with a prefix of the settings.
func begins(text, prefix string) bool {
	if prefix = seen(prefix); prefix == "" {
		return false
	}
	found := strings.HasPrefix(trim(seen(text)), prefix)
	ledBy(text, func(rest string) bool {
		found = found || strings.HasPrefix(rest, prefix)
		return found
	})
	return found
}

// heading matches the first line of a quote, which names the writer and the time.
var heading = lazy.Regexp(`^(?:[^\n]{0,100}\[[^\]\n]{0,40}\d[^\]\n]{0,40}\][^\n]{0,60}|[^\n]{0,120}:)[ \t]*\n`)

// inside returns the text of a quote, without its marks and its heading.
func inside(quote string) string {
	body := quoteTag().ReplaceAllString(quote, "\n")
	if m := chatQuote().FindStringSubmatch(quote); m != nil {
		body = m[1]
	} else if m := chatOpen().FindStringSubmatch(quote); m != nil {
		body = m[1]
	}
	body = lineMark().ReplaceAllString(trim(strings.ReplaceAll(body, "\r", "")), "")
	return trim(heading().ReplaceAllString(body+"\n", ""))
}

// disclosed returns a text without quotes of what stays inside. Lines behind > were typed by hand, so they are cut only
// if they begin with the internal prefix.
func (a *announcing) disclosed(text string) string {
	text = without(text, a.secret)
	var typed []stretch
	for _, m := range markQuote().FindAllStringIndex(text, -1) {
		typed = append(typed, stretch{m[0], m[1]})
	}
	return cutOut(text, typed, func(quote string) bool { return begins(inside(quote), a.r.policy.InternalPrefix) })
}

// secret reports whether a quote must be cut from an answer: it begins with the internal prefix, or contains words that
// neither we nor the customer have mailed.
func (a *announcing) secret(quote string) bool {
	body := inside(quote)
	if begins(body, a.r.policy.InternalPrefix) {
		return true
	}
	mailed := map[string]bool{}
	for word := range words(a.f.Ticket.Sent) {
		mailed[word] = true
	}
	for word := range words(tag().ReplaceAllString(html.UnescapeString(body), " ")) {
		if !mailed[word] {
			return true
		}
	}
	return false
}

// Letters returns the number of letters and digits in a text of the portal, without its markup. That number does not
// change when the portal decodes entities or puts tags around addresses.
func Letters(text string) (n int) {
	for _, r := range html.UnescapeString(tag().ReplaceAllString(text, "")) {
		if r >= '\u0400' && r <= '\u0481' || unicode.IsLetter(r) || unicode.IsDigit(r) { // Cyrillic needs no search
			n++
		}
	}
	return n
}
