package quote

import "strings"

// maxSaying is how many lines at the beginning are asked whether answers stand below.
const maxSaying = 40

// wanted reports whether what begins at line i, quoted though it is, belongs to what the writer has to say: they
// announce it, say that their answers are in there, or the answers can be seen to be.
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

// saysBelow reports whether the writer says above line i that the answers stand below.
func (t *cutting) saysBelow(i int) bool {
	for k := range min(i, maxSaying) {
		if t.kind[k] == lineText && !t.gone[k] && len(t.lines[k]) <= maxLine && fits(t.c.answers, t.lines[k]) {
			return true
		}
	}
	return false
}

// alternates reports whether below line i text stands between quoted lines more than once.
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
