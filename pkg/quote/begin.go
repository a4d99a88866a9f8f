package quote

import (
	"math/bits"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// ahead is the number of runes at the beginning of a match that are known of an expression.
const ahead = 4

// runeSet is a set of runes: each one up to the Cyrillic ones, and all the others together.
type runeSet struct {
	low  [0x500 / 64]uint64
	high bool // at least one rune beyond them
}

// union returns the runes that any of the alternatives can begin with. It returns nil if one can begin with anything or
// anywhere.
func union(all []alternative) *runeSet {
	one := &runeSet{}
	for _, a := range all {
		if !a.anchored || len(a.first) == 0 {
			return nil
		}
		for i, some := range a.first[0].low {
			one.low[i] |= some
		}
		one.high = one.high || a.first[0].high
	}
	return one
}

// has reports whether the set contains r. A negative rune stands for the end of the text.
func (s *runeSet) has(r rune) bool {
	if uint32(r) < 64*uint32(len(s.low)) {
		return s.low[r/64]&(1<<(r%64)) != 0
	}
	return r >= 0 && s.high
}

// few reports whether the set has at most as many runes as an alphabet. "Anything but x" has more.
func (s *runeSet) few() bool {
	n := 0
	for _, some := range s.low {
		n += bits.OnesCount64(some)
	}
	return n < 200
}

// firstRune is utf8.DecodeRuneInString, but returns -1 at the end of the text.
func firstRune(s string) (r rune, n int) {
	if s == "" {
		return -1, 0
	}
	return utf8.DecodeRuneInString(s)
}

// startsWith reports whether the first runes of s are in the sets, one after the other.
func startsWith(sets []runeSet, s string) bool {
	for i := range sets {
		r, n := firstRune(s)
		if !sets[i].has(r) {
			return false
		}
		s = s[n:]
	}
	return true
}

// holds reports whether any runes of s in a row are in the sets, one after the other.
func holds(sets []runeSet, s string) bool {
	for i, r := range s {
		if sets[0].has(r) && startsWith(sets, s[i:]) {
			return true
		}
	}
	return false
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

// shortened returns an expression that begins with the same runes, as far as they are looked at. Its program is short,
// because a repetition counts to their number at most.
func shortened(re *syntax.Regexp) *syntax.Regexp {
	short := *re
	short.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		short.Sub[i] = shortened(sub)
	}
	if re.Op == syntax.OpRepeat && (re.Min > ahead || re.Max > ahead) {
		short.Min, short.Max = min(re.Min, ahead), -1
	}
	return &short
}

// beginnings returns the sets of the first runes of any match. anchored means that each match begins with the text.
// There is no set if a match can be empty or begin with anything.
func beginnings(parsed *syntax.Regexp) (first []runeSet, anchored bool) {
	prog, err := syntax.Compile(shortened(parsed).Simplify())
	if err != nil {
		return nil, false
	}
	anchored = true
	from := []uint32{uint32(prog.Start)}
	for len(first) < ahead {
		w := &beginning{prog: prog, seen: make([]bool, 2*len(prog.Inst))}
		for _, pc := range from {
			if !w.walk(pc, len(first) > 0) {
				return first, anchored
			}
		}
		anchored = anchored && !w.loose
		first, from = append(first, w.found), w.behind
	}
	return first, anchored
}

// beginning follows a program up to the next runes that it matches.
type beginning struct {
	prog   *syntax.Prog
	seen   []bool // instructions, and instructions behind the beginning of the text
	found  runeSet
	behind []uint32 // where the program continues after these runes
	loose  bool     // one of these runes need not be at the beginning of the text
}

// walk follows instructions that match no rune. It returns false if the next rune can be any, or missing. anchored
// means that this path has passed the beginning of the text.
func (w *beginning) walk(pc uint32, anchored bool) bool {
	here := 2 * pc
	if anchored {
		here++
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
		w.behind, w.loose = append(w.behind, i.Out), w.loose || !anchored
		return true
	}
	return false // an empty match, or any rune
}

// add adds the runes of an instruction.
func (s *runeSet) add(i *syntax.Inst) {
	if len(i.Rune) == 1 {
		s.set(i.Rune[0], i.Rune[0])
		if syntax.Flags(i.Arg)&syntax.FoldCase != 0 {
			for r := unicode.SimpleFold(i.Rune[0]); r != i.Rune[0]; r = unicode.SimpleFold(r) {
				s.set(r, r)
			}
		}
		return
	}
	for k := 0; k+1 < len(i.Rune); k += 2 {
		s.set(i.Rune[k], i.Rune[k+1])
	}
}

func (s *runeSet) set(from, to rune) {
	const most = 64 * rune(len(runeSet{}.low))
	for r := from; r <= to && r < most; r++ {
		s.low[r/64] |= 1 << (r % 64)
	}
	s.high = s.high || to >= most
}
