package desk

import (
	"regexp"
	"strconv"
)

// The values of Policy.Spam; any other makes no difference.
const (
	spamQuiet  = "quiet"
	spamIgnore = "ignore"
)

// spamMark is a Mark whose pattern is compiled.
type spamMark struct {
	field string
	value *regexp.Regexp
}

// spammed returns the field by which the receiving filter tells that the message is spam, "" where none does. A sender
// may write such a field, too, and gets no letter then.
func (r *Rules) spammed(m *Message) string {
	for _, mark := range r.spam {
		for _, v := range m.Header.Values(mark.field) {
			if found := mark.value.FindStringSubmatch(v); found != nil && mark.over(found) {
				return mark.field + ": " + v
			}
		}
	}
	return ""
}

// over compares the score with the limit, where the pattern has both.
func (m spamMark) over(found []string) bool {
	score, limit := m.value.SubexpIndex("score"), m.value.SubexpIndex("limit")
	if score < 0 || limit < 0 {
		return true
	}
	got, err := strconv.ParseFloat(found[score], 64)
	most, errMost := strconv.ParseFloat(found[limit], 64)
	return err == nil && errMost == nil && got >= most
}
