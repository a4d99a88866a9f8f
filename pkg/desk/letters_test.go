package desk

import (
	"testing"
	"unicode"
)

func TestLetters(t *testing.T) {
	for text, want := range map[string]int{
		"":                           0,
		"Не печатает!\n12":           12,
		"[B]Не[/B] печатает":         10,
		"https://a.example/?b=1&c=2": 17,
		"[URL]https://a.example/?b=1&amp;c=2[/URL]": 17,
		"a &lt; b":  2,
		"\u200b… 😀": 0,
	} {
		if got := Letters(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// Each letter and digit counts, and nothing else does, as package unicode has it.
func TestLettersAreThoseOfUnicode(t *testing.T) {
	for r := range rune(0x2000) {
		want := 0
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			want = 1
		}
		if got := Letters(string(r)); got != want {
			t.Errorf("%U: %d", r, got)
		}
	}
}
