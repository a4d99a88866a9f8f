package quote

import "strings"

// cutBelow looks from the top for the first line from which on all is quoted, and cuts there. Where it meets what is
// content, all the rest is.
func (t *cutting) cutBelow() {
	for i := 0; i < t.end; i++ {
		switch {
		case t.kind[i] == lineForward:
			t.end, t.content = i, true
			return
		case t.beginsMessage(i):
			if t.content = t.wanted(i); !t.content {
				t.cutFrom(i)
			}
			return
		case t.kind[i] == lineIntro:
			last := i
			for last+1 < t.end && t.kind[last+1] == lineIntro && t.intro[last+1] == t.intro[i] {
				last++
			}
			if t.cutIntro(i, last) {
				return
			}
			i = last
		}
	}
}

// beginsMessage reports whether below what the writer wrote the message they answer begins at line i, by a separator or
// a copied header.
func (t *cutting) beginsMessage(i int) bool {
	switch t.kind[i] {
	case lineSeparator:
		return t.wordsBefore(i) > 0
	case lineText:
		return t.c.isField(label(t.lines[i])) && t.wordsBefore(i) > 0 && t.headerBlock(i)
	}
	return false
}

// cutIntro cuts at an attribution, and reports whether that was all: an answer may stand below the quote, or inside it.
// Where no quote marks follow, it must be a sure one, and no line of a list: people write such lines, too.
func (t *cutting) cutIntro(first, last int) (all bool) {
	more := t.skipKinds(last+1, lineIntro)
	next := t.skipKinds(more, lineBlank)
	marks := next < t.end && t.kind[next] == lineQuote
	switch {
	case !marks && (more > last+1 || !fits(t.c.attributions, t.joined(first, last))):
		for i := first; i < more; i++ {
			t.kind[i] = t.c.lineKind(t.lines[i], strings.TrimSpace(t.lines[i]))
		}
		return false
	case t.saysBelow(first):
		t.content = true
		return true
	}
	first = t.prefaced(first)
	switch {
	case marks:
		return t.cutQuoted(first, last, next)
	case t.wordsBefore(first) > 0:
		t.cutFrom(first)
		return true
	case next == t.end:
		return true
	}
	t.drop(first, last+1)
	return false
}

// prefaced returns where the lines begin that belong to the attribution at line i.
func (t *cutting) prefaced(i int) int {
	first := i
	for first > 0 && fits(t.c.prefaces, strings.TrimSpace(t.lines[first-1])) {
		first--
	}
	if first < i && first > 0 && t.kind[first-1] == lineDecoration {
		first--
	}
	return first
}

// cutQuoted cuts at an attribution above the quote that begins at line next.
func (t *cutting) cutQuoted(first, last, next int) (all bool) {
	before := t.wordsBefore(first)
	answer := t.skipKinds(next, lineQuote, lineBlank, lineIntro, lineDecoration, lineSignature)
	if answer < t.end && t.delimits(answer) {
		if to, ok := t.signature(answer); ok && to == t.end {
			answer = to // nothing but a signature follows
		}
	}
	if answer == t.end {
		if before > 0 {
			t.cutFrom(first)
		}
		return true
	}
	t.drop(first, last+1)
	if before <= 2 && !t.quoteAfter(answer) {
		t.drop(next, answer)
	}
	return false
}

// joined returns the lines from first to last as one.
func (t *cutting) joined(first, last int) string {
	return plainBlanks(strings.Join(strings.Fields(strings.Join(t.lines[first:last+1], " ")), " "))
}

// skipKinds returns the first line from i on that is of none of the kinds.
func (t *cutting) skipKinds(i int, kinds ...int) int {
	for ; i < t.end; i++ {
		known := false
		for _, k := range kinds {
			known = known || t.kind[i] == k
		}
		if !known {
			break
		}
	}
	return i
}

func (t *cutting) quoteAfter(i int) bool {
	for ; i < t.end; i++ {
		if t.kind[i] == lineQuote {
			return true
		}
	}
	return false
}

// wordsBefore counts the lines above i that the writer wrote, as far as it matters.
func (t *cutting) wordsBefore(i int) int {
	n := 0
	for k := 0; k < i && n < 3; k++ {
		if (t.kind[k] == lineText || t.kind[k] == lineQuote) && !t.gone[k] {
			n++
		}
	}
	return n
}

func (t *cutting) cutFrom(i int) {
	t.drop(i, len(t.lines))
	t.end = i
}

// sign marks lines as a signature's, but for those that are gone already.
func (t *cutting) sign(from, to int) {
	for i := from; i < to; i++ {
		t.signed[i] = !t.gone[i]
	}
}

func (t *cutting) drop(from, to int) {
	for i := from; i < to; i++ {
		t.gone[i] = true
	}
}
