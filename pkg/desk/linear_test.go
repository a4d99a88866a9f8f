package desk_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
)

// growing are letters with one growing element each.
var growing = []struct {
	name   string
	letter func(n int) string
}{
	{"prefixes of a subject", func(n int) string { return "Subject: " + strings.Repeat("Re: ", n) + "касса\n\nx" }},
	{"other prefixes", func(n int) string { return "Subject: " + strings.Repeat("[EXT] Fwd: ", n) + "касса\n\nx" }},
	{"words of a subject", func(n int) string {
		return "Subject: " + strings.Repeat("=?utf-8?B?0JrQ?= ", n) + "\n\nx"
	}},
	{"words of many codings", func(n int) string {
		return "Subject: " + strings.Repeat("=?utf-8?Q?=D0?= =?koi8-r?B?8A?= ", n) + "\n\nx"
	}},
	{"words that do not end", func(n int) string { return "Subject: " + strings.Repeat("=?utf-8?B?", n) + "\n\nx" }},
	{"lines of a field", func(n int) string { return "Subject: x\n" + strings.Repeat(" y\n", n) + "\nx" }},
	{"lines that are no fields", func(n int) string {
		return "Subject: x\n" + strings.Repeat("y\n", n) + "To: a@b.ru\n\nx"
	}},
	{"references", func(n int) string { return "References: " + strings.Repeat("<a@b> ", n) + "\n\nx" }},
	{"recipients", func(n int) string { return "To: " + strings.Repeat("<a@b.ru>, ", n) + "\n\nx" }},
	{"senders", func(n int) string { return "From: " + strings.Repeat("<<a@b>, ", n) + "\n\nx" }},
	{"comments of an address", func(n int) string { return "From: " + strings.Repeat("(", n) + "a@b.ru\n\nx" }},
	{"a sender's address", func(n int) string { return "From: " + strings.Repeat("a", n) + "@b.ru\n\nx" }},
	{"parameters", func(n int) string { return "Content-Type: text/plain" + strings.Repeat("; a*1=b", n) + "\n\nx" }},
	{"fields", func(n int) string { return strings.Repeat("X-Y: z\n", n) + "\nx" }},
	{"quotes", func(n int) string { return "\n" + strings.Repeat("> x\n\nответ\n", n) }},
	{"deep quotes", func(n int) string { return "\n" + strings.Repeat(">", n) + " x" }},
	{"attributions", func(n int) string {
		return "\n" + strings.Repeat("12.03.2026 10:00, Пётр <a@b.ru> пишет:\n", n)
	}},
	{"headers copied", func(n int) string { return "\n" + strings.Repeat("От: a@b.ru\nКому: x\n\n", n) }},
	{"lines of 8 bits", func(n int) string {
		return "Content-Type: text/plain; charset=foo\n\n" + strings.Repeat("\xcf\xf0\nПр\n", n)
	}},
	{"base64 that is none", func(n int) string {
		return "Content-Transfer-Encoding: base64\n\n" + strings.Repeat("0J/RgNC40LLQtdG\nслово\n", n)
	}},
	{"boundaries", func(n int) string {
		return "Content-Type: multipart/mixed; boundary=x\n\n" + strings.Repeat("--y\nz\n", n)
	}},
	{"tags", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("<b><p>x", n) }},
	{"raised tags", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("1<sup>", n) }},
	{"lists", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("<ol start=2><li>x", n) }},
	{"style sheets", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("<style>x", n) }},
	{"titles", func(n int) string {
		return "Content-Type: text/html\n\n" + strings.Repeat("<title><i>", n) + "</title>"
	}},
	{"scripts", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("<script></script x", n) }},
	{"comments of a page", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("<!-- x ", n) }},
	{"attributes that do not end", func(n int) string {
		return "Content-Type: text/html\n\n" + strings.Repeat("<a href=\"x>y\n", n)
	}},
	{"links", func(n int) string {
		return "Content-Type: text/html\n\n<base href='http://a.ru/'>" + strings.Repeat("<a href=x>y</a>", n)
	}},
	{"two forms", func(n int) string {
		var plain, page strings.Builder
		for i := range n {
			plain.WriteString(word(i) + " ")
			page.WriteString(word(n-i) + "x ")
		}
		return "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n" + plain.String() +
			"\n--b\nContent-Type: text/html\n\n" + page.String() + "\n--b--\n"
	}},
}

func word(i int) string {
	return string([]rune{'к', rune('а' + i%32), rune('а' + i/32%32), rune('а' + i/1024%32)})
}

// TestNothingIsQuadratic checks that the time for reading and deciding a letter is proportional to its size, whichever
// element grows. With a quadratic step a letter of four times the size takes sixteen times as long.
func TestNothingIsQuadratic(t *testing.T) {
	if testing.Short() {
		t.Skip("reads long letters")
	}
	const size, more = 20_000, 4
	rules, cutter := corpusRules(t)
	took := func(raw []byte) time.Duration {
		start := time.Now()
		m, err := pass.Read(bytes.NewReader(raw), desk.Listing{Size: int64(len(raw))}, pass.Reading{Cutter: cutter})
		if err != nil {
			t.Fatal(err)
		}
		rules.Decide(&m, desk.Facts{Now: corpusNow, Signer: corpusSigner})
		return time.Since(start)
	}
	for _, g := range growing {
		n := size / (len(g.letter(2)) - len(g.letter(1)))
		one, four := time.Hour, time.Hour
		small, large := []byte("From: a@b.ru\n"+g.letter(n)), []byte("From: a@b.ru\n"+g.letter(more*n))
		for range 18 { // a quadratic step is slow in every round, a busy machine is not
			one, four = min(one, took(small)), min(four, took(large))
			if four <= 10*one+100*time.Millisecond {
				break
			}
		}
		t.Logf("%-28s %8v %8v", g.name, one.Round(time.Microsecond), four.Round(time.Microsecond))
		if four > 10*one+100*time.Millisecond {
			t.Errorf("%s: %v, and %v for four times as much", g.name, one, four)
		}
	}
}
