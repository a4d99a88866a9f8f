package markup

import "strings"

// longestRaised bounds what is written in raised or lowered digits, in characters.
const longestRaised = 12

var (
	raisedDigits  = digits("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
	loweredDigits = digits("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
)

func digits(plain, written string) map[rune]rune {
	set := map[rune]rune{}
	to := []rune(written)
	for i, r := range plain {
		set[r] = to[i]
	}
	return set
}

// shifted writes a raised or lowered element: numbers in digits of that kind, all else as it is, but apart from a digit
// before it, which it would make another number of.
func (k *walker) shifted(n *node, set map[rune]rune, sign string) {
	if written, ok := k.number(n, set); ok {
		k.text(written)
		return
	}
	k.apart(sign, func() { k.kids(n) })
}

// number returns what an element is written as where it is a number.
func (k *walker) number(n *node, set map[rune]rune) (string, bool) {
	if n.size == 0 || n.size > longestRaised {
		return "", false
	}
	l := labeler{pics: k.pics}
	l.add(n, k.tiny)
	if l.block || l.picture {
		return "", false
	}
	return mapped(strings.TrimSpace(l.text.String()), set)
}

// mapped writes all characters of s as set says. It fails where one is not in it, or there is none.
func mapped(s string, set map[rune]rune) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		to, ok := set[r]
		if !ok {
			return "", false
		}
		b.WriteRune(to)
	}
	return b.String(), s != ""
}

// apart writes an element that people see apart from what is beside it. Where two digits would join, sign stands before
// it, and a space behind.
func (k *walker) apart(sign string, inner func()) {
	k.between = sign
	inner()
	k.between = " "
}

// part writes what stands between two elements whose digits would join.
func (k *walker) part(s string) {
	if k.between == "" || s == "" {
		return
	}
	if isDigit(s[0]) && isDigit(k.w.last()) {
		k.w.text(k.between)
	}
	k.between = ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// last returns the last byte written where what follows would join it, 0 where a space or a line end is owed.
func (w *writer) last() byte {
	if w.sp || w.nl > 0 || w.fresh {
		return 0
	}
	s := w.out.String()
	for strings.HasSuffix(s, string(rightMark)) { // a tag of BBCode
		i := strings.LastIndexByte(s, leftMark)
		if i < 0 {
			return 0
		}
		s = s[:i]
	}
	if s == "" {
		return 0
	}
	return s[len(s)-1]
}
