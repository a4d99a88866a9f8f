package desk

import (
	"strings"
	"unicode"
)

const (
	titleMax    = 250 // characters of a task's title
	lettersLeft = 4   // a subject with fewer letters can't tell one request from another
)

// CleanSubject returns the subject on one line, without Re:, Fwd: and our tokens.
func (r *Rules) CleanSubject(subject string) string {
	s := CutTokens(oneLine(subject))
	for r.prefix != nil {
		cut := strings.TrimSpace(r.prefix.ReplaceAllString(s, ""))
		if cut == s {
			break
		}
		s = cut
	}
	return s
}

// NormalSubject returns the subject as it is compared, "" when fewer than four letters are left of it.
func (r *Rules) NormalSubject(subject string) string {
	s := strings.ToLower(r.CleanSubject(subject))
	s = strings.ReplaceAll(s, "\u0451", "\u0435") // QUIRK: Cyrillic io is written as ie as often as not, by the same person
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

func oneLine(s string) string {
	clean := strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, s)
	return strings.Join(strings.Fields(clean), " ")
}

// cutRunes returns at most n characters of s, with an ellipsis where it was cut; never between a letter and the marks
// that belong to it.
func cutRunes(s string, n int) string {
	rs := make([]rune, 0, min(len(s), n+1)) // s may be a whole letter
	for _, r := range s {
		if rs = append(rs, r); len(rs) > n {
			break
		}
	}
	if len(rs) <= n {
		return s
	}
	end := n - 1
	for end > 0 && joined(rs[end-1], rs[end]) {
		end--
	}
	return strings.TrimRight(string(rs[:end]), " ") + "…"
}

// joined says whether b can't stand without a: a combining mark, a variation selector, half of a joined emoji.
func joined(a, b rune) bool {
	const zwj = '\u200d'
	return unicode.Is(unicode.M, b) || a == zwj || b == zwj || (b >= 0x1F3FB && b <= 0x1F3FF)
}
