package markup

import "strings"

// dashLines returns the starts of the lines of at least six dashes.
//
// QUIRK: the messenger writes a quoted message between two such lines; their length is not documented.
func dashLines(s string) []int {
	var starts []int
	pos := 0
	for line := range strings.SplitAfterSeq(s, "\n") {
		if t := strings.TrimSpace(line); len(t) >= 6 && strings.Trim(t, "-") == "" {
			starts = append(starts, pos)
		}
		pos += len(line)
	}
	return starts
}

// lineStart handles what has a meaning only at the start of a line: dashes and pairs of >.
func (l *lexer) lineStart() {
	for l.pos < len(l.s) && l.dashLine() {
	}
	l.lineSigns()
}

// dashLine handles a line of dashes, which opens or closes a quote. It reports whether it has moved to the next line.
func (l *lexer) dashLine() bool {
	for len(l.dashes) > 0 && l.dashes[0] < l.pos {
		l.dashes = l.dashes[1:]
	}
	at := len(l.dashes) > 0 && l.dashes[0] == l.pos
	switch {
	case l.dashEnd >= 0 && l.pos >= l.dashEnd:
		l.quotes(0)
		l.emit(token{kind: tokenClose, name: "QUOTE"}, 0)
		at = at && l.pos == l.dashEnd
		l.dashEnd = -1
	case l.dashEnd < 0 && at && len(l.dashes) > 1:
		l.quotes(0)
		l.emit(token{kind: tokenOpen, name: "QUOTE"}, 0)
		l.dashEnd = l.dashes[1]
	default:
		return false
	}
	if at {
		l.skipLine()
	}
	return at
}

// skipLine moves past the end of the line, as if the line did not exist.
func (l *lexer) skipLine() {
	if i := strings.IndexByte(l.s[l.pos:], '\n'); i >= 0 {
		l.pos += i + 1
	} else {
		l.pos = len(l.s)
	}
	l.plain = l.pos
}

// lineSigns opens and closes quotes by the number of >> pairs before a line.
func (l *lexer) lineSigns() {
	pairs, pos := 0, l.pos
	for pairs < 5 {
		if strings.HasPrefix(l.s[pos:], ">>") {
			pos += 2
		} else if strings.HasPrefix(l.s[pos:], "&gt;&gt;") {
			pos += 8
		} else {
			break
		}
		pairs++
	}
	l.quotes(pairs)
	if pairs > 0 {
		if strings.HasPrefix(l.s[pos:], " ") {
			pos++
		}
		l.pos, l.plain = pos, pos
	}
}

func (l *lexer) quotes(pairs int) {
	for ; l.signs < pairs; l.signs++ {
		l.emit(token{kind: tokenOpen, name: "QUOTE"}, 0)
	}
	for ; l.signs > pairs; l.signs-- {
		l.emit(token{kind: tokenClose, name: "QUOTE"}, 0)
	}
}
