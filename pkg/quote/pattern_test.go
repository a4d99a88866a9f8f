package quote

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml"
)

// TestPatternFirst checks that the test of the first runes never changes a result.
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
		{`.xabab`, `.aabab|.(?:aaaaa|bbbbb)`}, {`.ſtktk`, `.(?:стт){2}`}, {`.*(?:xxxxx|a q)`},
		{`(ab|cd)[ef]`}, {`(?:^|x)ab`}, {`(?-i:St)k`, `\bq.z`}, {`(abc?|b)$`}, {`(?i:ſk)+ж`}, {`x{0,2}abk`},
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
			"ſ\u212a", "a.", "aж", "т", "с", "п", "cabE", "xxab", "ab.cdf", "yStk", "SSTK", "\xffabk", "жskж", "b ab",
			"a q.z", "\xffst\u212a", "СТТстт",
			"xсттст", "Xсттсття", "xSTKtk", "яſt\u212atk", "xAABab", "xaaAaa", "\xffBbBbB", "yxXxXx", "xab", "xxxabk"} {
			if got, want := fits(p, s), plain.MatchString(s); got != want {
				t.Errorf("%q on %q: %v, want %v", list, s, got, want)
			}
		}
	}
}

// Expressions take most of the time of a letter where many lines reach them. Ordinary lines reach few.
func TestOrdinaryLinesReachFewExpressions(t *testing.T) {
	c := cutter(t)
	lines := strings.Split(`Здравствуйте!
Принтер на втором этаже опять не печатает, а нам нужно сдать отчёт до обеда.
Помогите, пожалуйста: перезагрузка не помогла, картридж новый.
Сотрудник отдела кадров тоже жалуется на медленную работу программы.
Ошибка появляется при проведении документа от 12 марта, снимок прилагаю.
В понедельник всё работало, обновление ставили вечером в пятницу.
On Monday the scanner stopped working, and the light is red.
Please send someone before noon, we have an audit today.
Номер договора 12345, кабинет 204, телефон внутренний 15.
Благодарю за помощь и жду ответа.`, "\n")
	reached := 0
	for _, p := range []*pattern{&c.quotes, &c.forwards, &c.separators, &c.delimiters, &c.dashes, &c.decorations,
		&c.signatures, &c.answers, &c.greetings, &c.pointers, &c.closings, &c.prefaces} {
		for i := range p.all {
			for _, line := range lines {
				if a := &p.all[i]; a.may(line) && (len(a.words) == 0 || containsAny(folded(line), a.words)) {
					reached++
				}
			}
		}
	}
	if most := 24; reached > most {
		t.Errorf("%d lines reach %d expressions, at most %d are meant to be", len(lines), reached, most)
	}
	t.Logf("%d lines reach %d expressions", len(lines), reached)
}

func quoteRules(t *testing.T) (r Rules) {
	t.Helper()
	raw, err := os.ReadFile("../../templates/quotes.yaml")
	if err == nil {
		err = yaml.Unmarshal(raw, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPatternData lists which lists of the data file have a limited set of first runes. A single unanchored expression
// removes the limit and makes parsing slow.
func TestPatternData(t *testing.T) {
	c, err := Compile(quoteRules(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]pattern{"quotes": c.quotes, "separators": c.separators, "forwards": c.forwards,
		"delimiters": c.delimiters, "decorations": c.decorations, "signatures": c.signatures} {
		for _, a := range p.all {
			if len(a.first) == 0 || !a.anchored {
				t.Errorf("%s: %s is not anchored with ^, or can begin with anything", name, a.re())
			}
		}
	}
	if fits(c.forwards, "") || !fits(c.forwards, "-------- Пересылаемое сообщение --------") {
		t.Error("forwards")
	}
}

// TestPatternsOfTheData compares each list of the data file with its expressions alone: on lines of letters, and on what
// is made of pieces of them.
func TestPatternsOfTheData(t *testing.T) {
	r := quoteRules(t)
	lines := sampleLines(t)
	fitted := 0
	for name, list := range map[string][]string{"quotes": r.Quotes, "not_quotes": r.NotQuotes,
		"attributions": r.Attributions, "weak": r.Weak, "prefaces": r.Prefaces, "separators": r.Separators,
		"answers": r.Answers, "pointers": r.Pointers, "greetings": r.Greetings, "names": r.Names,
		"forwards": r.Forwards, "delimiters": r.Delimiters, "dashes": r.Dashes, "closings": r.Closings,
		"contacts": r.Contacts, "decorations": r.Decorations, "signatures": r.Signatures, "stubs": r.Stubs} {
		list, err := spelled(name, list, r.Terms)
		if err != nil {
			t.Fatal(err)
		}
		p, err := alternatives(name, list)
		if err != nil {
			t.Fatal(err)
		}
		plain := regexp.MustCompile("(?i)(?:" + strings.Join(list, ")|(?:") + ")")
		for _, line := range lines {
			want := plain.MatchString(line)
			if got := fits(p, line); got != want {
				t.Errorf("%s on %q: %v, want %v", name, line, got, want)
			}
			if want {
				fitted++
			}
		}
	}
	if fitted < 100 {
		t.Errorf("only %d lines fit", fitted)
	}
}

// sampleLines returns lines of the fixtures, and seeded mixtures of their pieces.
func sampleLines(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"cut_test.go", "cutown_test.go", "../pass/testdata/replies/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(string(raw), "\n") {
				for piece := range strings.SplitSeq(strings.Trim(line, "\t `\","), `\n`) {
					if piece != "" && len(piece) <= 200 {
						all = append(all, piece)
					}
				}
			}
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	all = all[:min(len(all), 800)]
	for i := range len(all) {
		one, other := []rune(all[i]), []rune(all[rnd.IntN(len(all))])
		at := rnd.IntN(len(one) + 1)
		mixed := string(one[:at]) + string(other[rnd.IntN(len(other)+1):])
		all = append(all, []string{mixed, strings.ToUpper(mixed), mixed[min(len(mixed), 1):]}[rnd.IntN(3)])
	}
	return all
}

// Runes are folded alike if and only if a pattern that ignores case takes them for the same.
func TestFoldRune(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if f := unicode.SimpleFold(r); foldRune(f) != foldRune(r) || foldRune(r) > r {
			t.Fatalf("%U is %U, but %U is %U", r, foldRune(r), f, foldRune(f))
		}
	}
}
