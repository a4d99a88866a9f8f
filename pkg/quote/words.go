package quote

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordsIn returns words of which every match of an expression contains at least one, folded. It returns nil if none are
// known that are long enough to be rare.
func wordsIn(re *syntax.Regexp) []string {
	const shortest, most = 3, 16 // bytes of a word, words
	switch re.Op {
	case syntax.OpLiteral:
		if word := folded(string(re.Rune)); len(strings.TrimSpace(word)) >= shortest {
			return []string{word}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return wordsIn(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return wordsIn(re.Sub[0])
		}
	case syntax.OpConcat:
		return rarest(re.Sub)
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			words := wordsIn(sub)
			if words == nil {
				return nil
			}
			all = append(all, words...)
		}
		if len(all) <= most {
			return all
		}
	}
	return nil
}

// rarest returns the words of that part of a sequence whose shortest word is the longest.
func rarest(parts []*syntax.Regexp) (best []string) {
	length := 0
	for _, part := range parts {
		words := wordsIn(part)
		if words == nil {
			continue
		}
		if n := len(slices.MinFunc(words, func(a, b string) int { return len(a) - len(b) })); n > length {
			best, length = words, n
		}
	}
	return best
}

// containsAny reports whether a folded text contains one of the words.
func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// folded returns a text in which all letters that a pattern without case takes for the same are the same.
func folded(s string) string { return strings.Map(foldRune, s) }

// foldRune returns the first of the runes that r is folded with: in most alphabets the capital.
func foldRune(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	case r >= 0x430 && r < 0x450:
		return r - 0x20
	case r >= 0x450 && r < 0x460:
		return r - 0x50
	}
	first := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		first = min(first, f)
	}
	return first
}
