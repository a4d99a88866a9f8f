package quote

import "strings"

// cutBelow finds the first line from which on everything is quoted, and cuts there. If it finds a forward or wanted
// quote first, all the rest is content.
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

// beginsMessage reports whether line i begins the message being answered, with a separator or a copied header, below
// words of the writer.
func (t *cutting) beginsMessage(i int) bool {
	switch t.kind[i] {
	case lineSeparator:
		return t.wordsBefore(i) > 0
	case lineText:
		return t.c.isField(label(t.lines[i])) && t.wordsBefore(i) > 0 && t.headerBlock(i)
	}
	return false
}

// cutIntro cuts at an attribution and reports whether the search is over. The search continues if an answer is below or
// inside the quote. Without quote marks below, only a sure attribution outside of a list counts, since people also
// write lines that resemble one.
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

// prefaced returns the first of the lines that belong to the attribution at line i.
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
			answer = to // only a signature follows
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

// joined joins the lines from first to last.
func (t *cutting) joined(first, last int) string {
	return plainBlanks(strings.Join(strings.Fields(strings.Join(t.lines[first:last+1], " ")), " "))
}

// skipKinds returns the first line from i on that has none of the kinds.
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

// wordsBefore counts the lines above i that the writer wrote, up to 3.
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

// sign marks lines as a signature, except those already removed.
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
