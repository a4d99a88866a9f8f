package glyph

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"":         "",
		"Заказ №5": "Заказ №5",
		"  two  blanks\t\r\nand a line\u2028end\u0085 ": "two blanks and a line end",
		"no\u00a0break":        "no break",
		"invoice\u202efdp.exe": "invoicefdp.exe",
		"\x1b[2Jcleared\x07":   "[2Jcleared",
		"a\x00b":               "a b",
		"bad \xff byte":        "bad \ufffd byte",
		"kept \ufffd sign":     "kept \ufffd sign",
		"👩\u200d💻 at work":     "👩\u200d💻 at work",
		"\ufeff\u200e ":        "",
		" a":                   "a",
		"a ":                   "a",
		" ":                    "",
		"a\u200f \u200fb":      "a b",
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{
			"привет",
			6,
			"привет",
		}, {"привет", 5, "прив…"}, {"привет", 1, "…"}, {"привет", 0, ""}, {"привет", -1, ""}, {"a b c", 3, "a…"},
		{"й" + "и\u0306и\u0306", 3, "й…"}, // a letter made of two characters
		{"a👩\u200d💻b", 4, "a…"}, {"", 3, ""},
	} {
		if got := Cut(c.in, c.n); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{
		"Отчёт за май.docx": "Отчёт за май.docx", "": "", " . ": "", "...": "", "a/b\\c:d.txt": "a_b_c_d.txt",
		"con.txt": "_con.txt",
		"LPT1":    "_LPT1", "lpt.txt": "lpt.txt", "x. . ": "x", "invoice\u202efdp.exe": "invoicefdp.exe",
		"и\u0306.txt": "й.txt", "a\xff.txt": "a_.txt",
		strings.Repeat("ж", 200) + ".docx": strings.Repeat("ж", 97) + ".docx",
		"a." + strings.Repeat("b", 300):    "a." + strings.Repeat("b", 198),
	} {
		if got := FileName(in); got != want {
			t.Errorf("FileName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestBadByte(t *testing.T) {
	for in, want := range map[string]int{
		"":             -1,
		"пример":       -1,
		"\ufffd":       -1,
		"п\xff":        2,
		"a\x00":        1,
		"\xd0":         0,
		"\xed\xa0\x80": 0,
	} {
		if got := BadByte([]byte(in)); got != want {
			t.Errorf("BadByte(%q) = %d, want %d", in, got, want)
		}
	}
}

func FuzzGlyphs(f *testing.F) {
	for _, s := range []string{"", " a  b ", "\xff\x00", "\xef", "й\u0306", "👩\u200d💻", "con.txt", "a\u202e/..",
		"\u2028x"} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		line := Line(s)
		if !utf8.ValidString(line) || strings.TrimSpace(line) != line ||
			strings.ContainsFunc(line, unicode.IsControl) || Line(line) != line {
			t.Errorf("Line(%q) = %q", s, line)
		}
		if cut := Cut(line, n); utf8.RuneCountInString(cut) > max(n, 0) {
			t.Errorf("Cut(%q, %d) = %q", line, n, cut)
		}
		name := FileName(s)
		if len(name) > maxFileName+1 || strings.ContainsAny(name, "/\\\x00:") || name == ".." ||
			FileName(name) != name && len(name) < maxFileName {
			t.Errorf("FileName(%q) = %q, then %q", s, name, FileName(name))
		}
		if bad := BadByte([]byte(line)); bad >= 0 {
			t.Errorf("BadByte(%q) = %d", line, bad)
		}
	})
}
