package markup

import (
	"strings"
	"testing"
)

// letters are an ordinary letter, a long newsletter, and a letter with every construct.
var letters = []struct{ name, html string }{
	{"short", "<div>Добрый день!</div><div><br></div><div>Не печатает <b>принтер</b> в кабинете 12.</div>"},
	{
		"Outlook",
		strings.Repeat(`<p class=MsoNormal><span style="font-size:11.0pt;color:#1F497D">Добрый день, см. <a href="https://example.ru/doc?a=1">документ</a>.<o:p></o:p></span></p>`, 30),
	},
	{
		"tables",
		strings.Repeat(`<table role=presentation><tr><td style="padding:0"><p>Новость</p><img src=cid:a alt=b></td></tr></table><table border=1><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table>`, 100),
	},
	{"everything", everything()},
}

func everything() string {
	var b strings.Builder
	for _, r := range readings {
		b.WriteString("<div>" + r.html + "</div>")
	}
	return b.String()
}

// BenchmarkBBCode measures the conversion of letters to the portal's markup.
func BenchmarkBBCode(b *testing.B) {
	for _, l := range letters {
		b.Run(l.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(l.html)))
			for b.Loop() {
				parsed(l.html).BBCode()
			}
		})
	}
}

// BenchmarkHTML measures the conversion of that markup to letters.
func BenchmarkHTML(b *testing.B) {
	for _, l := range letters {
		code := parsed(l.html).BBCode()
		b.Run(l.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(code)))
			for b.Loop() {
				HTML(code)
			}
		})
	}
}
