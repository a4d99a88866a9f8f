package quote

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// firsts are the runes that can stand at the beginning of a match.
type firsts struct {
	low  [0x500]bool // up to the Cyrillic ones
	high bool        // some beyond
}

// union returns what one of the alternatives can begin with.
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

// firstRune is utf8.DecodeRuneInString, but -1 at the end of the text.
func firstRune(s string) (r rune, n int) {
	if s == "" {
		return -1, 0
	}
	return utf8.DecodeRuneInString(s)
}

// has reports whether a match can have r there.
func (f *firsts) has(r rune) bool {
	switch {
	case f == nil:
		return true
	case int(r) < len(f.low):
		return r >= 0 && f.low[r]
	}
	return f.high
}

// few reports whether there are no more of them than letters: "anything but" is more.
func (f *firsts) few() bool {
	n := 0
	for _, is := range f.low {
		if is {
			n++
		}
	}
	return n < 200
}

// needed returns a byte that every match of an expression holds, the rarest that is known, 0 where none is.
func needed(expr string) byte {
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return 0
	}
	all := neededIn(parsed)
	for _, c := range []byte("@>/;|=") {
		if all[c] {
			return c
		}
	}
	return byte(max(0, slices.Index(all[:], true)))
}

// neededIn returns the bytes that every match holds.
func neededIn(re *syntax.Regexp) (all [utf8.RuneSelf]bool) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r > ' ' && r < utf8.RuneSelf && !unicode.IsLetter(r) { // a letter may come in the other case
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

// beginnings returns what a match can begin with and have behind that, nil where it is anything, or nothing, or
// anywhere in the line.
func beginnings(expr string) (first, second *firsts) {
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, nil
	}
	prog, err := syntax.Compile(parsed.Simplify())
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

// beginning walks from a place in a program to the first runes it asks for.
type beginning struct {
	prog   *syntax.Prog
	seen   map[[2]uint32]bool
	found  *firsts
	behind []uint32 // where the program goes on behind them
}

// walk follows what takes no rune. It returns false where the first rune can't be told; anchored says whether the way
// here leads through the beginning of the text.
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
	return false // a match of nothing, or of anything
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
