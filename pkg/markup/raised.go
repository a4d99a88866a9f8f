package markup

import "strings"

// longestRaised bounds a text in raised or lowered digits, in characters.
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

// shifted writes a raised or lowered element. A number is written in raised or lowered digits. Any other text is
// written normally, but separated from a digit before it so that the two do not form another number.
func (k *walker) shifted(n *node, set map[rune]rune, sign string) {
	if written, ok := k.number(n, set); ok {
		k.text(written)
		return
	}
	k.apart(sign, func() { k.kids(n) })
}

// number returns the raised or lowered form of an element that is a number.
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

// mapped replaces all characters of s according to set. It fails if s is empty or a character is missing in set.
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

// apart writes an element that is visually separate from its neighbors. If two digits would become adjacent, it writes
// sign before the element and a space after it.
func (k *walker) apart(sign string, inner func()) {
	k.between = sign
	inner()
	k.between = " "
}

// part writes the separator between two elements if their digits would become adjacent.
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

// last returns the last byte written, or 0 if a space or line end is pending after it.
func (w *writer) last() byte {
	if w.sp || w.nl > 0 || w.fresh {
		return 0
	}
	s := w.out.String()
	for strings.HasSuffix(s, string(rightMark)) { // skips a BBCode tag
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
