package markup

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		max  int
		want string
	}{
		{"абв", 3, "абв"}, {"абвг", 3, "аб…"}, {"a\nb\n\ncdef", 6, "a\nb…"}, {"ab", 0, ""}, {"ab", 1, "…"},
		{"[B]abcdef[/B]", 12, "[B]abcd…[/B]"}, {"[B]a[/B]bcdef", 12, "[B]a[/B]bcd…"}, {"[B]abc[/B]", 5, "…"},
		{"a[QUOTE][I]bcd[/I][/QUOTE]", 22, "a[QUOTE]…[/QUOTE]"}, {"a [URL=http://x.ru]bcdefg[/URL]", 30, "a…"},
		{"[LIST]\n[*]abc\n[*]def\n[/LIST]", 25, "[LIST]\n[*]abc\n[*]…[/LIST]"},
		{"[x]abc[/B]defgh", 13, "[x]abc[/B]de…"},
	} {
		if got := Cut(c.in, c.max); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.max, got, c.want)
		}
	}
}

func FuzzCut(f *testing.F) {
	for _, r := range readings {
		f.Add(r.html, 20)
	}
	f.Fuzz(func(t *testing.T, s string, max int) {
		max &= 0xfff
		whole := parsed(s).BBCode()
		got := Cut(whole, max)
		if utf8.RuneCountInString(got) > max || !utf8.ValidString(got) || strings.Contains(got, "\x01") {
			t.Fatalf("%q cut to %d becomes %q", whole, max, got)
		}
		checkBalanced(t, s, got)
	})
}
