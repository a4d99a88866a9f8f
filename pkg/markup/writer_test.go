package markup

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// Words that are written together look like words that are written one character at a time.
func TestTextIsTheSameByCharacters(t *testing.T) {
	pieces := []string{"a", "Ж", "ё", "«", "—", "я", " ", " ", " ", "  ", "\n", "\t", "\u00a0", "\u2009", "日", "x."}
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		text, whole, parts := b.String(), newWriter(), newWriter()
		whole.text(text)
		for _, c := range text {
			parts.text(string(c))
		}
		if got, want := whole.finish(), parts.finish(); got != want {
			t.Fatalf("%q: %q, want %q", text, got, want)
		}
	}
}
