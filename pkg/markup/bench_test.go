package markup

import (
	"strings"
	"testing"
)

// pages are letters in HTML as programs write them.
var pages = []struct{ name, html string }{
	{"paragraphs", "<html><head><style>p { margin: 0 }</style></head><body>" + strings.Repeat("<p>Принтер на втором этаже опять не печатает.</p>\n", 100) + "</body></html>"},
	{"Outlook", strings.Repeat(`<p class="MsoNormal" style="margin:0cm;margin-bottom:.0001pt"><span lang="RU" style="font-size:11.0pt;color:#1F497D">Принтер не <b>печатает</b>, см. <a href="https://desk.example/a?b=1&amp;c=2">здесь</a><o:p></o:p></span></p>`+"\n", 50)},
	{"table", "<table border=1>" + strings.Repeat("<tr><td>Принтер</td><td>2</td><td>не печатает</td></tr>\n", 100) + "</table>"},
}

func BenchmarkBBCode(b *testing.B) {
	for _, p := range pages {
		b.Run(p.name, func(b *testing.B) {
			b.SetBytes(int64(len(p.html)))
			b.ReportAllocs()
			for b.Loop() {
				BBCode(p.html)
			}
		})
	}
}
