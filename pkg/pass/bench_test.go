package pass_test

import (
	"bytes"
	"encoding/base64"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
)

// ordinary returns letters of the kinds that fill most mailboxes.
func ordinary(t testing.TB) []struct{ name, raw string } {
	t.Helper()
	const head = "Return-Path: <ivan@romashka.example>\nReceived: from mx.example (mx.example [192.0.2.1]) by " +
		"mx.desk.example; Tue, 12 Mar 2024 10:00:01 +0300\n" +
		"From: =?utf-8?B?0JjQstCw0L0g0J/QtdGC0YDQvtCy?= <ivan@romashka.example>\nTo: " +
		"<support@desk.example>\nSubject: =?utf-8?B?0J3QtSDQv9C10YfQsNGC0LDQtdGCINC/0YDQuNC90YLQtdGA?=\n" +
		"Date: Tue, 12 Mar 2024 10:00:00 +0300\nMessage-ID: <1.2@romashka.example>\nMIME-Version: 1.0\n"
	text := strings.Repeat("Принтер на втором этаже опять не печатает, а нам нужно сдать отчёт до обеда.\nПомогите, "+
		"пожалуйста.\n", 60)
	koi, err := charmap.KOI8R.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	quote := "<div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">вт, 12 мар. 2024 г. в 9:00, Служба " +
		"поддержки &lt;support@desk.example&gt;:<br></div><blockquote class=\"gmail_quote\" style=\"margin:0px 0px " +
		"0px 0.8ex\"><p style=\"margin:0cm\">Что <b>именно</b> на экране?</p><table " +
		"border=1><tr><td>Номер</td><td><a " +
		"href=\"https://desk.example/1\">1</a></td></tr><tr><td>Принтер</td><td>второй</td></tr></table></blockquote></div>"
	page := "<html><head><style>p { margin: 0 }</style></head><body><p>" +
		strings.ReplaceAll(text, "\n", "</p>\n<p>") + "</p>" + quote + "</body></html>"
	scan := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("Отчёт\x00\x01\xff"), 100<<10/13))
	plain := "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
	forms := []struct{ name, raw string }{
		{"koi8-r", head + "Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: 8bit\n\n" + koi},
		{"alternative", head + "Content-Type: multipart/alternative; boundary=b\n\n--b\n" + plain + text +
			"\n--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + page + "\n--b--\n"},
		{"file of 100 kB", head + "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + plain +
			"Отчёт во вложении.\n--b\nContent-Type: application/pdf; name=a.pdf\n" +
			"Content-Transfer-Encoding: base64\n\n" + lined(scan) + "--b--\n"},
	}
	for i := range forms {
		forms[i].raw = strings.ReplaceAll(forms[i].raw, "\n", "\r\n")
	}
	return forms
}

// lined breaks base64 into lines, as mail programs do.
func lined(s string) string {
	var b strings.Builder
	const line = 76
	for ; len(s) > line; s = s[line:] {
		b.WriteString(s[:line] + "\n")
	}
	return b.String() + s + "\n"
}

func BenchmarkRead(b *testing.B) {
	c, err := cutter()
	if err != nil {
		b.Fatal(err)
	}
	for _, l := range ordinary(b) {
		b.Run(l.name, func(b *testing.B) {
			b.SetBytes(int64(len(l.raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pass.Read(strings.NewReader(l.raw), desk.Listing{}, pass.Reading{Cutter: c}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a letter allocates keeps the collector busy. The bounds are a tenth above what is needed.
func TestAllocationsOfALetter(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, with which the short tests run, throws pooled buffers away")
	}
	c, err := cutter()
	if err != nil {
		t.Fatal(err)
	}
	most := map[string]struct{ allocations, bytes float64 }{
		"koi8-r": {175, 30_000}, "alternative": {485, 430_000}, "file of 100 kB": {220, 18_000},
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // the collector throws pooled buffers away, too,
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))  // and so does another number of processors
	for _, l := range ordinary(t) {
		const runs = 20
		read := func() {
			if _, err := pass.Read(strings.NewReader(l.raw), desk.Listing{}, pass.Reading{Cutter: c}); err != nil {
				t.Fatal(err)
			}
		}
		read() // it prepares what the others reuse
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n := testing.AllocsPerRun(runs, read)
		runtime.ReadMemStats(&after)
		bytes := float64(after.TotalAlloc-before.TotalAlloc) / (runs + 1) // AllocsPerRun begins with a run of its own
		if most := most[l.name]; n > most.allocations || bytes > most.bytes {
			t.Errorf("%s of %d bytes: %.0f allocations of %.0f bytes, at most %.0f of %.0f are meant to be",
				l.name, len(l.raw), n, bytes, most.allocations, most.bytes)
		}
	}
}

// If a part of an enormous page is dropped, the message is marked as degraded, so that the whole letter is attached.
func TestTruncatedPage(t *testing.T) {
	c, err := cutter()
	if err != nil {
		t.Fatal(err)
	}
	for rows, want := range map[int]bool{1000: false, 50_000: true} {
		raw := "From: a@b.ru\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Таблица</p><table>" +
			strings.Repeat("<tr><td>w<td>w</tr>", rows)
		m, err := pass.Read(strings.NewReader(raw), desk.Listing{}, pass.Reading{Cutter: c})
		if err != nil || slices.Contains(m.Degraded, desk.DegradedText) != want ||
			strings.HasSuffix(m.FullCode, "…") != want {
			t.Errorf("%d rows: %v, degraded %v", rows, err, m.Degraded)
		}
	}
}
