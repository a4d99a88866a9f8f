package quote

import (
	"regexp/syntax"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A repetition begins like the same expression written out.
func TestBeginningsOfRepetitions(t *testing.T) {
	for _, c := range []struct{ short, long string }{
		{`a{3,5}b`, `aaa(?:aa?)?b`},
		{`a{0,3}b`, `(?:a(?:aa?)?)?b`},
		{`a{1,3}b`, `a(?:aa?)?b`},
		{`a{1}b`, `ab`},
		{`a{2}b`, `aab`},
		{`a{1,2}b`, `aa?b`},
		{`a{9}b`, `aaaaaaaaab`},
		{`a{3,9}b`, `aaa(?:a(?:a(?:a(?:a(?:aa?)?)?)?)?)?b`},
		{`a{4,}b`, `aaaaa*b`},
		{`(?:ab?){3}c`, `ab?ab?ab?c`},
		{`(?:a?){3}b`, `a?a?a?b`},
		{`(?:a|b{2,9}c){0,4}d`, `(?:a|bbb*c)*d`},
	} {
		first, want := beginningsOf(t, c.short), beginningsOf(t, c.long)
		if len(want) == 0 {
			t.Errorf("%s begins with anything", c.long)
		}
		if diff := cmp.Diff(want, first, cmp.AllowUnexported(runeSet{})); diff != "" {
			t.Errorf("%s (- as %s): %s", c.short, c.long, diff)
		}
	}
}

func beginningsOf(t *testing.T, expr string) []runeSet {
	t.Helper()
	parsed, err := syntax.Parse("^(?:"+expr+")", syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := beginnings(parsed)
	return first
}
