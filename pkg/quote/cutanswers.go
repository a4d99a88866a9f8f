package quote

import "strings"

// maxSaying bounds the lines at the beginning that are searched for a remark such as "see my answers below".
const maxSaying = 40

// wanted reports whether the quote at line i belongs to the letter: the writer announces it, says that the answers are
// inside it, or answers are visible inside it.
func (t *cutting) wanted(i int) bool {
	return t.announced(i) || t.saysBelow(i) || t.alternates(i)
}

// announced reports whether the last line above i ends with a colon.
func (t *cutting) announced(i int) bool {
	for i--; i >= 0; i-- {
		if t.kind[i] == lineText && !t.gone[i] {
			return strings.HasSuffix(strings.TrimSpace(t.lines[i]), ":")
		}
		if t.kind[i] != lineBlank && t.kind[i] != lineDecoration {
			break
		}
	}
	return false
}

// saysBelow reports whether the writer says above line i that the answers are below.
func (t *cutting) saysBelow(i int) bool {
	for k := range min(i, maxSaying) {
		if t.kind[k] == lineText && !t.gone[k] && len(t.lines[k]) <= maxLine && fits(t.c.answers, t.lines[k]) {
			return true
		}
	}
	return false
}

// alternates reports whether the writer's text appears between quoted lines more than once below line i.
func (t *cutting) alternates(i int) bool {
	answers, quoted := 0, false
	for ; i < t.end && answers < 2; i++ {
		switch {
		case t.kind[i] == lineQuote:
			quoted = true
		case t.kind[i] == lineText && quoted:
			answers++
			quoted = false
		}
	}
	return answers >= 2
}
