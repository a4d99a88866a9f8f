package pass

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

// The search of single words finds what a search of the whole text finds.
func TestSaidIsTheSameByWords(t *testing.T) {
	t.Parallel()
	pieces := []string{"см.", "https://a.ru/x?b=1", "<mailto:a@b.ru>", "a@b.ru", "(a@b.ru)", "[cid:image 001.png@01D]",
		"[image: Снимок экрана]", "[cid:", "]", "[", "<", ">", ":", "@", "file:", "10:00", "«tel:+7»", "жa@b", "@b",
		"a@",
		"x\u00a0y@z", "CID:x", "[CID:a]b", "http:", "Кому: a", " ", "  ", "\n", "\r\n", "\t", "\f", "\v", "\u2028",
		"\xff",
		strings.Repeat("x ", 300), "[image:" + strings.Repeat("y", 510) + "]"}
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		var b strings.Builder
		for range 1 + r.IntN(8) {
			b.WriteString(pieces[r.IntN(len(pieces))])
			if r.IntN(2) == 0 {
				b.WriteByte(' ')
			}
		}
		text := b.String()
		if got, want := said(text), aside().ReplaceAllString(text, " "); got != want {
			t.Fatalf("%q: %q, want %q", text, got, want)
		}
	}
	if text := "Одни слова\n"; said(text) != text {
		t.Error("a text without addresses has changed")
	}
}

// The characters of words are those of Unicode.
func TestInWord(t *testing.T) {
	t.Parallel()
	for r := range rune(0x30000) {
		want := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
		if inWord(r) != want {
			t.Errorf("%U: %v", r, !want)
		}
	}
}
