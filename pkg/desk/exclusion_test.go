package desk

import (
	"strings"
	"testing"
)

func TestPatterns(t *testing.T) {
	cases := []struct {
		pattern, addr string
		want          bool
	}{
		{"a@b.ru", "A@B.RU", true},
		{"A@b.ru", "a@b.ru", true},
		{"a@b.ru", "aa@b.ru", false},
		{"@b.ru", "x@b.ru", true},
		{"@b.ru", "x@c.b.ru", false},
		{"@b.ru", "x@ab.ru", false},
		{"@*.b.ru", "x@c.b.ru", true},
		{"@*.b.ru", "x@d.c.B.ru", true},
		{"@*.b.ru", "x@b.ru", false},
		{"@*.b.ru", "x@ab.ru", false},
		{"@пример.рф", "x@xn--e1afmkfd.xn--p1ai", true},
		{"@xn--e1afmkfd.xn--p1ai", "x@ПРИМЕР.рф", true},
		{"@*.пример.рф", "x@почта.пример.рф", true},
		{"@b.ru", "b.ru", false},
		{"@b.ru", "", false},
	}
	for _, c := range cases {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if p.Match(c.addr) != c.want {
			t.Errorf("%s on %s: %v", c.pattern, c.addr, !c.want)
		}
	}
	if (Pattern{}).Match("a@b.ru") {
		t.Error("the empty pattern hits")
	}
	for in, want := range map[string]string{
		"A@Пример.РФ": "a@xn--e1afmkfd.xn--p1ai",
		"@*.B.ru":     "@*.b.ru",
		" @b.ru. ":    "@b.ru",
	} {
		if p, err := ParsePattern(in); err != nil || p.String() != want {
			t.Errorf("%q is written %q, %v", in, p, err)
		}
	}
	for _, bad := range []string{"", "b.ru", "@", "a@", "*@b.ru", "a@*.b.ru", "@b ru", "a@b@c.ru", "a b@c.ru",
		"@*b.ru"} {
		if p, err := ParsePattern(bad); err == nil || !strings.Contains(err.Error(), "parse pattern") {
			t.Errorf("%q is taken for %q: %v", bad, p, err)
		}
	}
}

func TestHitTakesTheWidestScope(t *testing.T) {
	list := []Exclusion{{
		Match: "broken",
		Scope: ScopeMail,
	}, {Match: "@b.ru", Scope: ScopeAutoReply}, {Match: "a@b.ru", Scope: ScopeLetters}}
	if x, ok := Hit(list, "", "a@b.ru"); !ok || x.Match != "a@b.ru" {
		t.Errorf("%+v %v", x, ok)
	}
	if hits := Hits(list, "a@b.ru"); len(hits) != 2 {
		t.Errorf("%v", hits)
	}
	if _, ok := Hit(list, "a@c.ru"); ok {
		t.Error("a hit from nowhere")
	}
	for _, c := range []struct {
		wide, narrow Scope
		want         bool
	}{{
		ScopeMail,
		ScopeLetters,
		true,
	}, {ScopeLetters, ScopeLetters, true}, {ScopeAutoReply, ScopeLetters, false}, {"", "", false}} {
		if c.wide.Includes(c.narrow) != c.want {
			t.Errorf("%q includes %q: %v", c.wide, c.narrow, !c.want)
		}
	}
}
