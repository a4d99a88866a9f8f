package quote

import "strings"

// findIntros marks attributions. Mail programs wrap them anywhere, even inside <>.
func (t *cutting) findIntros() {
	tried := 0
	for end, line := range t.lines[:min(len(t.lines), maxLines)] {
		trimmed := strings.TrimSpace(line)
		if !couldEnd(trimmed) || t.kind[end] != lineText && t.kind[end] != lineQuote && t.kind[end] != lineDecoration {
			continue
		}
		if tried++; tried > maxIntros {
			return
		}
		if start, ok := t.introEnding(end, trimmed); ok {
			for i := start; i <= end; i++ {
				t.kind[i], t.intro[i] = lineIntro, start
			}
		}
	}
}

// couldEnd is a cheap test whether a line could be the last one of an attribution.
func couldEnd(s string) bool {
	if s == "" || len(s) > maxLine {
		return false
	}
	return endsIntro(s) || s[0] >= '0' && s[0] <= '9'
}

func endsIntro(s string) bool {
	last := s[len(s)-1]
	return last == ':' || last == '>' || last == '-' || last == '*' || strings.HasSuffix(s, "：")
}

// introEnding returns the first line of the attribution that ends with line end. QUIRK: programs also wrap it before
// the address, and the rest on the last line looks like an attribution itself. So the longest candidate wins. It must
// begin in a known way, or words of the writer above could become part of it.
func (t *cutting) introEnding(end int, joined string) (start int, ok bool) {
	joined = plainBlanks(joined)
	if t.kind[end] != lineQuote && t.c.attribution(joined) {
		start, ok = end, true
	}
	if !endsIntro(joined) {
		return start, ok
	}
	used := 1
	for i := end - 1; i >= 0 && used < maxJoined; i-- {
		line := plainBlanks(strings.TrimSpace(t.lines[i]))
		if line == "" { // a blank line is allowed only before <address>
			if !strings.HasPrefix(joined, "<") {
				break
			}
			continue
		}
		used++
		joined = line + " " + joined
		if t.kind[i] == lineIntro || t.kind[i] == lineQuote && used > 2 || len(joined) > maxLine {
			break
		}
		if t.kind[i] == lineText && (!ok && t.c.attribution(joined) || ok && fitsKnown(t.c.attributions, joined)) {
			start, ok = i, true
		}
	}
	return start, ok
}

// plainBlanks replaces no-break and thin spaces by plain ones. French and Apple programs use them before colons and in
// times.
func plainBlanks(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 0xa0 || r == 0x202f || r == 0x2009 {
			return ' '
		}
		return r
	}, s)
}
