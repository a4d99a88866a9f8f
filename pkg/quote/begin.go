package quote

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// firsts is the set of runes that a match can begin with.
type firsts struct {
	low  [0x500]bool // runes up to the Cyrillic ones
	high bool        // at least one rune beyond them
}

// union returns the runes that any of the alternatives can begin with.
func union(all []alternative) *firsts {
	one := &firsts{}
	for _, a := range all {
		if a.first == nil {
			return nil
		}
		for r, is := range a.first.low {
			one.low[r] = one.low[r] || is
		}
		one.high = one.high || a.first.high
	}
	return one
}

// firstRune is utf8.DecodeRuneInString, but returns -1 at the end of the text.
func firstRune(s string) (r rune, n int) {
	if s == "" {
		return -1, 0
	}
	return utf8.DecodeRuneInString(s)
}

// has reports whether a match can begin with r.
func (f *firsts) has(r rune) bool {
	switch {
	case f == nil:
		return true
	case int(r) < len(f.low):
		return r >= 0 && f.low[r]
	}
	return f.high
}

// few reports whether the set has at most as many runes as an alphabet. "Anything but x" has more.
func (f *firsts) few() bool {
	n := 0
	for _, is := range f.low {
		if is {
			n++
		}
	}
	return n < 200
}

// needed returns a byte that every match of an expression contains, preferably a rare one, or 0 if none is known.
func needed(parsed *syntax.Regexp) byte {
	all := neededIn(parsed)
	for _, c := range []byte("@>/;|=") {
		if all[c] {
			return c
		}
	}
	return byte(max(0, slices.Index(all[:], true)))
}

// neededIn returns the bytes that every match contains.
func neededIn(re *syntax.Regexp) (all [utf8.RuneSelf]bool) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r > ' ' && r < utf8.RuneSelf && !unicode.IsLetter(r) { // a letter may match in the other case
				all[r] = true
			}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return neededIn(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return neededIn(re.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			for c, is := range neededIn(sub) {
				all[c] = all[c] || is
			}
		}
	case syntax.OpAlternate:
		all = neededIn(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			for c, is := range neededIn(sub) {
				all[c] = all[c] && is
			}
		}
	}
	return all
}

// shortened returns an expression that begins with the same two runes. Its program is short, because a repetition counts
// to two at most.
func shortened(re *syntax.Regexp) *syntax.Regexp {
	short := *re
	short.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		short.Sub[i] = shortened(sub)
	}
	if re.Op == syntax.OpRepeat && (re.Min > 2 || re.Max > 2) {
		short.Min, short.Max = min(re.Min, 2), -1
	}
	return &short
}

// beginnings returns the runes that a match can have first and second. It returns nil if they can be anything, if a
// match can be empty, or if it can begin anywhere in the line.
func beginnings(parsed *syntax.Regexp) (first, second *firsts) {
	prog, err := syntax.Compile(shortened(parsed).Simplify())
	if err != nil {
		return nil, nil
	}
	w := &beginning{prog: prog, seen: map[[2]uint32]bool{}, found: &firsts{}}
	if !w.walk(uint32(prog.Start), false) {
		return nil, nil
	}
	behind := &beginning{prog: prog, seen: map[[2]uint32]bool{}, found: &firsts{}}
	for _, pc := range w.behind {
		if !behind.walk(pc, true) {
			return w.found, nil
		}
	}
	return w.found, behind.found
}

// beginning follows a program from its start to the first runes that it matches.
type beginning struct {
	prog   *syntax.Prog
	seen   map[[2]uint32]bool
	found  *firsts
	behind []uint32 // where the program continues after these runes
}

// walk follows instructions that match no rune. It returns false if the first rune is unknown. anchored means that this
// path has passed the beginning of the text.
func (w *beginning) walk(pc uint32, anchored bool) bool {
	here := [2]uint32{pc}
	if anchored {
		here[1] = 1
	}
	if w.seen[here] {
		return true
	}
	w.seen[here] = true
	switch i := &w.prog.Inst[pc]; i.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		return w.walk(i.Out, anchored) && w.walk(i.Arg, anchored)
	case syntax.InstCapture, syntax.InstNop:
		return w.walk(i.Out, anchored)
	case syntax.InstEmptyWidth:
		return w.walk(i.Out, anchored || syntax.EmptyOp(i.Arg)&syntax.EmptyBeginText != 0)
	case syntax.InstFail:
		return true
	case syntax.InstRune, syntax.InstRune1:
		w.found.add(i)
		w.behind = append(w.behind, i.Out)
		return anchored
	}
	return false // an empty match, or any rune
}

// add adds the runes of an instruction.
func (f *firsts) add(i *syntax.Inst) {
	if len(i.Rune) == 1 {
		f.set(i.Rune[0], i.Rune[0])
		if syntax.Flags(i.Arg)&syntax.FoldCase != 0 {
			for r := unicode.SimpleFold(i.Rune[0]); r != i.Rune[0]; r = unicode.SimpleFold(r) {
				f.set(r, r)
			}
		}
		return
	}
	for k := 0; k+1 < len(i.Rune); k += 2 {
		f.set(i.Rune[k], i.Rune[k+1])
	}
}

func (f *firsts) set(from, to rune) {
	for r := from; r <= to && int(r) < len(f.low); r++ {
		f.low[r] = true
	}
	f.high = f.high || int(to) >= len(f.low)
}
