package quote

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

// kept returns files of other packages' tests as seeds.
func kept(t testing.TB, pattern string) (list []string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no seeds in %s: %v", pattern, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(b))
	}
	return list
}

func FuzzCut(f *testing.F) {
	for _, q := range quoteForms {
		f.Add("Ответ\n\n" + q.quote)
		f.Add(q.quote)
	}
	f.Add("00 \n>") // trailing blanks in the kept text
	f.Add("<div class=\"gmail_quote\"><blockquote type=cite>x</blockquote>y</div><div id=divRplyFwdMsg>")
	f.Add("---------- Forwarded message ---------\nОт: Иван <a@b.ru<mailto:a@b.ru>>\n")
	f.Add("<p>Ответ</p><p>Вы писали 12.03.2024:</p><table><tr><td>x</td></tr></table>Ответ<br>-- <br>Иван")
	f.Add("Ответ<hr><hr id=zwchr/><b>От:</b> Иван")
	f.Add("Ответ<hr><div>Кому: я;</div><div>12.03.2024, 10:00, " +
		"a@b:</div><blockquote>x</blockquote><hr><blockquote>12.03.2024, 10:00, a@b:<br>x")
	for _, s := range kept(f, "../pass/testdata/replies/*.txtar") {
		f.Add(s)
	}
	c := cutter(f)
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		for name, cut := range map[string]func(string) (string, string){"Cut": c.Cut, "CutHTML": c.CutHTML} {
			kept, quoted := cut(text)
			if !utf8.ValidString(kept) || !utf8.ValidString(quoted) {
				t.Errorf("%s: not valid UTF-8", name)
			}
			if len(kept)+len(quoted) > len(text)+1 {
				t.Errorf("%s: %d and %d bytes of %d", name, len(kept), len(quoted), len(text))
			}
		}
		if kept, _ := c.Cut(text); hasWords(text) && !hasWords(kept) {
			t.Error("Cut: nothing left")
		}
		c.Stub(text)
		if from, _ := c.Forwarded("Fwd: x", text); !utf8.ValidString(from.Name + from.Addr) {
			t.Errorf("Forwarded: %+v", from)
		}
	})
}
