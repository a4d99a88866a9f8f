package desk

import (
	"strings"

	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

func askAway(w *weighing) (string, bool) {
	begin := w.r.awayBegin(w.m.Subject)
	return begin, begin != ""
}

// mark matches a mark before a subject, as gateways, lists and people write them: text in brackets, braces or
// asterisks.
var mark = lazy.Regexp(`^\s*(?:\[([^\[\]]{1,60})\]|\{([^{}]{1,60})\}|\(([^()]{1,60})\)|<([^<>]{1,60})>|\*{1,5}([^*]{1,60})\*{1,5})[\s:|–-]*`)

// awayBegin returns the phrase that makes the subject an out-of-office note's, or "". It skips marks at the front of
// the subject and the reply prefixes behind them. A mark may itself be the phrase.
func (r *Rules) awayBegin(subject string) string {
	const (
		most  = 4  // phrases in a row
		marks = 10 // marks before the phrase
	)
	s := CutTokens(glyph.Line(subject))
	for r.fronts.gate != nil && r.fronts.gate.MatchString(s) {
		s = s[len(r.fronts.gate.FindString(s)):]
	}
	s = strings.ToLower(s)
	for range marks {
		if begin := r.awayWithin(s, most); begin != "" {
			return begin
		}
		m := mark().FindStringSubmatch(s)
		if m == nil {
			return ""
		}
		inside := strings.TrimSpace(strings.Join(m[1:], ""))
		if begin := r.awayWithin(inside, 0); begin != "" {
			return begin
		}
		if len(strings.Fields(inside)) > 2 {
			return ""
		}
		s = s[len(m[0]):]
		for r.fronts.prefix != nil && r.fronts.prefix.MatchString(s) && len(s) > 0 {
			s = s[len(r.fronts.prefix.FindString(s)):]
		}
	}
	return ""
}

func (r *Rules) awayWithin(s string, most int) string {
	for i, begin := range r.phrases() {
		rest, ok := strings.CutPrefix(s, begin)
		if begin = r.words.OutOfOffice[i]; ok && (!endsWord(begin) || r.awayGoesOn(rest, most)) {
			return begin
		}
	}
	return ""
}

func lowered(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}

// awayGoesOn reports whether rest may follow an out-of-office phrase. People also write about autoresponders and their
// offices; in such a subject an ordinary word follows. most is the number of further phrases that may follow.
func (r *Rules) awayGoesOn(rest string, most int) bool {
	const marks = ":;,.!-–—([…：；，。！（【"
	text := strings.TrimLeft(rest, " ")
	if text == "" || strings.ContainsRune(marks, firstRune(text)) {
		return true
	}
	if most == 0 {
		return false
	}
	if r.fronts.prefix != nil && r.fronts.prefix.MatchString(text) || r.awayWithin(text, most-1) != "" {
		return true
	}
	for _, re := range r.away {
		if re.MatchString(text) {
			return true
		}
	}
	return false
}
