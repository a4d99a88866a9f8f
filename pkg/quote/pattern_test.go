package quote

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestPatternFirst checks that the test of the first rune never changes a result.
func TestPatternFirst(t *testing.T) {
	for _, list := range [][]string{
		{`^abc`}, {
			`^[> ]*x`,
			`^-{2,}`,
		}, {`abc`}, {`^a?$`}, {`^`}, {`^.b`}, {`^\s*q`, `z$`}, {`^k`}, {`^(?:ст|[а-я]+:)`}, {`^ᐧ$`}, {`^(a|)b`},
		{`\bword`}, {`^\bword`}, {`^[^a]`}, {`(?-i)^A`}, {`^(x$|^y)`},
		{`^[A-Z]{1,3}>( |$)`}, {`^a(:|;)`}, {`^x(-{0,}|b)`}, {`^k-+$`, `^a:`},
		{`^ab?$`}, {`^a[bc]`}, {`^(a|x)b`, `^[> ]*q`}, {`^a\b`}, {`^(a|ab)$`}, {`^(?:с|п)т`}, {`^a.`}, {`^s+k`},
		{`^a(;|:)$`, `b>`}, {`(;|x:)`, `-`}, {`^.a(>|>b)?`}, {`.(a|-)`, `x-`},
	} {
		p, err := alternatives("test", list)
		if err != nil {
			t.Fatal(err)
		}
		plain := regexp.MustCompile("(?i)(?:" + strings.Join(list, ")|(?:") + ")")
		for _, s := range []string{"", "a", "A", "abc", "ABC", "xabc", "x", "> x", "--", "q", "  q", "zz", "z", "k",
			"\u212a", "K", "СТ", "ст",
			"ж:", "ᐧ", "b", "ab", "word", "sword", "y", "\xff", "\xffb", "\u00a0q", "й", "ab>", "AB> x", "a>b", "a:",
			"a;", "xb", "x--", "K-", "\u212a--", "ac", "sk",
			"ſ\u212a", "a.", "aж", "т", "с", "п"} {
			if got, want := fits(p, s), plain.MatchString(s); got != want {
				t.Errorf("%q on %q: %v, want %v", list, s, got, want)
			}
		}
	}
}

// TestPatternData lists which lists of the data file have a limited set of first runes. A single unanchored expression
// removes the limit and makes parsing slow.
func TestPatternData(t *testing.T) {
	raw, err := os.ReadFile("../../templates/quotes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var r Rules
	if err := yaml.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	c, err := Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]pattern{"quotes": c.quotes, "separators": c.separators, "forwards": c.forwards,
		"delimiters": c.delimiters, "decorations": c.decorations, "signatures": c.signatures} {
		for _, a := range p.all {
			if a.first == nil {
				t.Errorf("%s: %s is not anchored with ^, or can begin with anything", name, a.re())
			}
		}
	}
	if fits(c.forwards, "") || !fits(c.forwards, "-------- Пересылаемое сообщение --------") {
		t.Error("forwards")
	}
}
