package quote

import (
	"strings"
	"testing"
	"time"
)

func BenchmarkCut(b *testing.B) {
	c := cutter(b)
	for _, t := range heavyTexts {
		b.Run(t.name, func(b *testing.B) {
			for b.Loop() {
				c.Cut(t.text)
				c.CutHTML(t.text)
			}
		})
	}
}

var heavyTexts = []struct{ name, text string }{
	{"plain 1 MB", strings.Repeat("Обычная строка письма без всякого смысла\n", 14000)},
	{"colons", strings.Repeat("12.03.2024 10:00 a:\n", 50000)},
	{"colons, words", strings.Repeat("12.03.2024 в 10:00 программа говорит:\n", 30000)},
	{"quotes", strings.Repeat("> цитата\n", 60000)},
	{"labels", strings.Repeat("От: x\n", 100000)},
	{"blockquotes", strings.Repeat("<blockquote type=cite>x", 40000)},
	{"closed blockquotes", strings.Repeat("<blockquote type=cite>x</blockquote>", 25000)},
	{"gmail quotes", strings.Repeat("<div class=gmail_quote>", 20000) + strings.Repeat("</div>", 20000)},
	{"attributions in HTML", strings.Repeat("<div>12.03.2024, 10:00, a@b:</div><blockquote>x</blockquote>y", 10000)},
	{"delimiters", strings.Repeat("--\n", 300000)},
	{"fences", strings.Repeat("```\n", 200000)},
}

// TestHeavy checks that no text takes much longer than ordinary letters.
func TestHeavy(t *testing.T) {
	if testing.Short() {
		t.Skip("reads long texts")
	}
	c := cutter(t)
	for _, h := range heavyTexts {
		start := time.Now()
		c.Cut(h.text)
		plain := time.Since(start)
		c.CutHTML(h.text)
		took := time.Since(start)
		t.Logf("%-22s cut in %v and %v", h.name, plain.Round(time.Millisecond), (took - plain).Round(time.Millisecond))
		if took > time.Minute {
			t.Errorf("%s: cut in %v", h.name, took)
		}
	}
}
