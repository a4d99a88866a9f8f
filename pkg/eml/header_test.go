package eml

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"golang.org/x/text/encoding/charmap"

	"helpdesk/pkg/desk"
)

func parse(t testing.TB, raw string) desk.Message {
	t.Helper()
	m, err := Parse(strings.NewReader(raw), desk.Listing{})
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return m
}

func encode(t testing.TB, c *charmap.Charmap, s string) []byte {
	t.Helper()
	b, err := c.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatalf("encode %q: %v", s, err)
	}
	return b
}

func TestHeaderQuirks(t *testing.T) {
	const body = "\r\n\r\nTEXT\r\n"
	for _, tt := range []struct{ name, raw string }{
		{"plain", "From: a@b.ru\r\nSubject: S" + body},
		{"LF", "From: a@b.ru\nSubject: S\n\nTEXT\n"},
		{"CR alone", "From: a@b.ru\rSubject: S\r\rTEXT\r"},
		{"byte order mark", "\xef\xbb\xbfFrom: a@b.ru\r\nSubject: S" + body},
		{"mbox line", "From a@b.ru Mon Mar 12 10:00:00 2024\nFrom: a@b.ru\nSubject: S\n\nTEXT\n"},
		{"quoted mbox line inside", "From: a@b.ru\r\n>From x Mon\r\nSubject: S" + body},
		{"blank lines first", "\r\n\r\nFrom: a@b.ru\r\nSubject: S" + body},
		{"blank before colon", "From : a@b.ru\r\nSubject : S" + body},
		{"junk first", "*** spam ***\r\nFrom: a@b.ru\r\nSubject: S" + body},
		{"NUL inside", "From: a@b.ru\r\nSub\x00ject: S" + body},
		{"lower case", "from: a@b.ru\r\nsubject: S" + body},
	} {
		m := parse(t, tt.raw)
		if m.From.Addr != "a@b.ru" || m.Subject != "S" || strings.TrimSpace(m.Plain) != "TEXT" {
			t.Errorf("%s: from %q, subject %q, text %q", tt.name, m.From.Addr, m.Subject, m.Plain)
		}
	}
}

// TestLinesThatAreNoFields checks that such lines do not affect the fields next to them, and that no text gets lost.
func TestLinesThatAreNoFields(t *testing.T) {
	const part = "From: a@b.ru\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; " +
		"charset=utf-8\n"
	for _, tt := range []struct {
		name, raw            string
		subject, from, plain string
		lines                bool
	}{
		{"wrapped without a blank", "Subject: one\ntwo three\nFrom: a@b.ru\n\nTEXT", "one", "a@b.ru", "TEXT", true},
		{
			"a name in Cyrillic",
			"From: Ivan <a@b.ru>\nТема: привет\n и ещё\nSubject: s\n\nTEXT",
			"s",
			"Ivan <a@b.ru>",
			"TEXT",
			true,
		},
		{"no words", "Subject: s\n-----\nFrom: a@b.ru\n\nTEXT", "s", "a@b.ru", "TEXT", false},
		{"above all", "junk\nSubject: s\nFrom: a@b.ru\n\nTEXT", "s", "a@b.ru", "TEXT", true},
		{
			"no blank line",
			"From: a@b.ru\nSubject: s\nНе работает касса\nвторой час",
			"s",
			"a@b.ru",
			"Не работает касса\nвторой час",
			false,
		},
		{
			"no blank line, one later",
			"From: a@b.ru\nSubject: s\nНе работает касса\n\nИван",
			"s",
			"a@b.ru",
			"Не работает касса\n\nИван",
			false,
		},
		{
			"no blank line, a label",
			"From: a@b.ru\nSubject: s\nPhone: 123\nНе работает касса",
			"s",
			"a@b.ru",
			"Phone: 123\nНе работает касса",
			false,
		},
		{
			"no blank line, nothing but labels",
			"From: a@b.ru\nSubject: s\nPhone: 123",
			"s",
			"a@b.ru",
			"Phone: 123",
			false,
		},
		{"part without a blank line", part + "Текст сразу\nещё\n--b--\n", "", "a@b.ru", "Текст сразу\nещё", false},
		{
			"part without a blank line, a label",
			part + "Phone: 5\nТекст\n--b--\n",
			"",
			"a@b.ru",
			"Phone: 5\nТекст",
			false,
		},
		{"part without a blank line, only a label", part + "Phone: 5\n--b--\n", "", "a@b.ru", "Phone: 5", false},
		{
			"part with a line that is none",
			part + "Кодировка: да\nContent-Transfer-Encoding: base64\n\n0J/RgNC40LLQtdGC\n--b--\n",
			"",
			"a@b.ru",
			"Привет",
			true,
		},
		{
			"QUIRK line ends translated twice",
			"From: a@b.ru\r\r\nSubject: s\r\r\n\r\r\nTEXT\r\r\n",
			"s",
			"a@b.ru",
			"TEXT",
			false,
		},
	} {
		m := parse(t, tt.raw)
		if m.Subject != tt.subject || m.From.String() != tt.from || strings.TrimSpace(m.Plain) != tt.plain {
			t.Errorf("%s: subject %q, from %q, text %q", tt.name, m.Subject, m.From, m.Plain)
		}
		if got := slices.Contains(m.Degraded, desk.DegradedLines); got != tt.lines {
			t.Errorf("%s: degraded %v", tt.name, m.Degraded)
		}
	}
}

func TestNoHeader(t *testing.T) {
	m := parse(t, "Просто текст без заголовков\nи ещё строка\n")
	if want := "Просто текст без заголовков\nи ещё строка"; strings.TrimSpace(m.Plain) != want || !m.DerivedID {
		t.Errorf("text %q, derived %v", m.Plain, m.DerivedID)
	}
}

func TestRawHeaders(t *testing.T) {
	for _, c := range []*charmap.Charmap{charmap.Windows1251, charmap.KOI8R, charmap.CodePage866, charmap.ISO8859_5} {
		raw := string(encode(t, c, "From: Иван Петров <ivan@example.ru>\r\nSubject: Не работает "+
			"принтер\r\nContent-Type: text/plain\r\n\r\nПомогите, пожалуйста, с принтером\r\n"))
		m := parse(t, raw)
		if m.From.Name != "Иван Петров" || m.Subject != "Не работает принтер" ||
			strings.TrimSpace(m.Plain) != "Помогите, пожалуйста, с принтером" {
			t.Errorf("%v: from %q, subject %q, text %q", c, m.From.Name, m.Subject, m.Plain)
		}
		if got := m.Header.Get("Subject"); got != m.Subject {
			t.Errorf("%v: Header holds %q", c, got)
		}
	}
	m := parse(t, "Subject: Не работает\r\n\r\n")
	if m.Subject != "Не работает" {
		t.Errorf("raw UTF-8: %q", m.Subject)
	}
}

func TestLongHeader(t *testing.T) {
	m := parse(t, "From: a@b.ru\r\nX-Long: "+strings.Repeat("x", 3<<20)+"\r\nSubject: lost\r\n\r\nTEXT\r\n")
	if m.From.Addr != "a@b.ru" || strings.TrimSpace(m.Plain) != "TEXT" ||
		!cmp.Equal(m.Degraded, []desk.Degraded{desk.DegradedHeader}) {
		t.Errorf("from %q, text %q, degraded %v", m.From.Addr, m.Plain, m.Degraded)
	}
	m = parse(t, "From: a@b.ru\r\n"+strings.Repeat("X-Many: "+strings.Repeat("x", 990)+"\r\n", 100)+
		"Subject: S\r\n\r\nTEXT\r\n")
	if m.Subject != "S" || len(m.Degraded) > 0 || len(m.Header) != 102 {
		t.Errorf("100 kB: subject %q, degraded %v, %d fields", m.Subject, m.Degraded, len(m.Header))
	}
}

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []desk.Address
	}{
		{"a@b.ru", []desk.Address{{Addr: "a@b.ru"}}},
		{"Иван Петров <a@b.ru>", []desk.Address{{Name: "Иван Петров", Addr: "a@b.ru"}}},
		{`"Петров, Иван" <a@b.ru>, c@d.ru`, []desk.Address{{Name: "Петров, Иван", Addr: "a@b.ru"}, {Addr: "c@d.ru"}}},
		{`"=?koi8-r?B?8NLJ18XU?=" <a@b.ru>`, []desk.Address{{Name: "Привет", Addr: "a@b.ru"}}},
		{"=?utf-8?Q?Petrov,_Ivan?= <a@b.ru>", []desk.Address{{Name: "Petrov, Ivan", Addr: "a@b.ru"}}},
		{"a@b.ru (Ivan (junior))", []desk.Address{{Name: "Ivan (junior)", Addr: "a@b.ru"}}},
		{"user@x.ru <user@x.ru>", []desk.Address{{Addr: "user@x.ru"}}},
		{"other@y.ru <user@x.ru>", []desk.Address{{Name: "other@y.ru", Addr: "user@x.ru"}}},
		{"Ivan a@b.ru", []desk.Address{{Name: "Ivan", Addr: "a@b.ru"}}},
		{"Ivan <a@b.ru", []desk.Address{{Name: "Ivan", Addr: "a@b.ru"}}},
		{"<mailto:a@b.ru>", []desk.Address{{Addr: "a@b.ru"}}},
		{"undisclosed-recipients:;", nil},
		{"Group: a@b.ru, c@d.ru;, e@f.ru", []desk.Address{{Addr: "a@b.ru"}, {Addr: "c@d.ru"}, {Addr: "e@f.ru"}}},
		{"a@b.ru; c@d.ru", []desk.Address{{Addr: "a@b.ru"}, {Addr: "c@d.ru"}}},
		{`"a b"@c.ru`, []desk.Address{{Addr: `"a b"@c.ru`}}},
		{"иван@почта.рф", []desk.Address{{Addr: "иван@почта.рф"}}},
		{"a@b.", []desk.Address{{Addr: "a@b."}}},
		{`'Ivan' <a@b.ru>`, []desk.Address{{Name: "Ivan", Addr: "a@b.ru"}}},
		{"=?utf-8?B?SXZhbiA8YUBiLnJ1Pg==?=", []desk.Address{{Name: "Ivan", Addr: "a@b.ru"}}},
		{`"ООО \"Вега\"" <a@b.ru>`, []desk.Address{{Name: `ООО "Вега"`, Addr: "a@b.ru"}}},
		{`=?utf-8?B?ItCS0LXQs9CwIiDQntCe0J4=?= <a@b.ru>`, []desk.Address{{Name: `"Вега" ООО`, Addr: "a@b.ru"}}},
		{`"\"ООО \"Вега\"\"" <a@b.ru>`, []desk.Address{{Name: `ООО "Вега"`, Addr: "a@b.ru"}}},
		{`"\"Вега\" и \"Лира\"" <a@b.ru>`, []desk.Address{{Name: `"Вега" и "Лира"`, Addr: "a@b.ru"}}},
		{`"ИП Белов 'Склад'" <a@b.ru>`, []desk.Address{{Name: "ИП Белов 'Склад'", Addr: "a@b.ru"}}},
		{`"'Ivan'" <a@b.ru>`, []desk.Address{{Name: "Ivan", Addr: "a@b.ru"}}},
		{`"\"Ivan\"" <a@b.ru>`, []desk.Address{{Name: "Ivan", Addr: "a@b.ru"}}},
		{`"\"Ivan" <a@b.ru>`, []desk.Address{{Name: "Ivan", Addr: "a@b.ru"}}},
		{`"\"\"" <a@b.ru>`, []desk.Address{{Addr: "a@b.ru"}}},
		{"Ivan <<a@b.ru>>", []desk.Address{{Name: "Ivan", Addr: "a@b.ru"}}},
		{"<<a@b.ru>>, Petr <c@d.ru>", []desk.Address{{Addr: "a@b.ru"}, {Name: "Petr", Addr: "c@d.ru"}}},
		{"\u202egnp.exe <a@b.ru>", []desk.Address{{Name: "gnp.exe", Addr: "a@b.ru"}}},
		{"", nil},
		{",,;", nil},
	} {
		if diff := cmp.Diff(tt.want, Addresses(tt.in)); diff != "" {
			t.Errorf("%s: %s", tt.in, diff)
		}
	}
}

func TestDates(t *testing.T) {
	want := time.Date(2024, 3, 12, 7, 0, 0, 0, time.UTC)
	for _, s := range []string{
		"Tue, 12 Mar 2024 10:00:00 +0300", "12 Mar 2024 10:00 +0300", "Tue, 12 Mar 2024 10:00:00 MSK",
		"12 Mar 24 10:00:00 +0300",
		"Tue, 12 Mar 2024 10:00:00 +03:00", "Tue 12 Mar 2024 10:00:00 +0300 (MSK)", "Tue Mar 12 10:00:00 +0300 2024",
		"2024-03-12 10:00:00 +0300", "2024-03-12T07:00:00Z", "Tue, 12-Mar-2024 10.00.00 +0300",
		"Tue, 12 March 2024 10:00:00 +0300",
		"Tue, 12 Mar 2024 10:00:00 GMT+0300", "Вт, 12 Mar 2024 10:00:00 +0300",
	} {
		if got := dateOf([]string{s}); !got.Equal(want) {
			t.Errorf("%s: %v", s, got)
		}
	}
	for _, s := range []string{"", "yesterday", "99 Mar 2024", "12 Mar 2024 25:61", "Tue, 12 Mar 0001 10:00:00 +0300",
		"Thu, 12 Mar 2026 12:58:47 -2400", "Thu, 12 Mar 2026 12:58:47 +2400", "12 Mar 99999 10:00:00 +0300"} {
		if got := dateOf([]string{s}); !got.IsZero() {
			t.Errorf("%q read as %v", s, got)
		}
	}
}

// TestOddSenders checks that a sender is a usable address or none.
func TestOddSenders(t *testing.T) {
	for field, want := range map[string]desk.Address{
		"<Ivan <ivan@klient.example>>":                     {Name: "Ivan", Addr: "ivan@klient.example"},
		"<\"Ivan P\" <ivan@klient.example>>":               {Name: "Ivan P", Addr: "ivan@klient.example"},
		"Ivan <<ivan@klient.example>>":                     {Name: "Ivan", Addr: "ivan@klient.example"},
		"Ivan <mailto:ivan@klient.example>":                {Name: "Ivan", Addr: "ivan@klient.example"},
		"Ivan <ivan@klient.example":                        {Name: "Ivan", Addr: "ivan@klient.example"},
		"Ivan ivan@klient.example>":                        {Name: "Ivan", Addr: "ivan@klient.example"},
		"Ivan [ivan@klient.example]":                       {Name: "Ivan", Addr: "ivan@klient.example"},
		"Ivan <Ivan ivan@klient.example>":                  {Name: "Ivan <Ivan", Addr: "ivan@klient.example"},
		"Ivan <'ivan@klient.example'>":                     {Name: "Ivan", Addr: "ivan@klient.example"},
		"Ivan <ivan@klient.example> <ivan@klient.example>": {Name: "Ivan", Addr: "ivan@klient.example"},
		"Ivan <ivan@@klient.example>":                      {Name: "Ivan <ivan@@klient.example>"},
		"Ivan <ivan@klient.example> <petr@other.example>":  {Name: "Ivan <ivan@klient.example> <petr@other.example>"},
		"<ivan@klient.example petr@other.example>":         {Name: "<ivan@klient.example petr@other.example>"},
		"Ivan <ivan@>":                                     {Name: "Ivan <ivan@>"},
		"MAILER-DAEMON":                                    {Name: "MAILER-DAEMON"},
		"Иван <иван@пример.рф>":                            {Name: "Иван", Addr: "иван@пример.рф"},
		"\"petr@other.example\" <ivan@klient.example>":     {Name: "petr@other.example", Addr: "ivan@klient.example"},
	} {
		if m := parse(t, "From: "+field+"\r\n\r\nx"); m.From != want {
			t.Errorf("%s: %+v, want %+v", field, m.From, want)
		} else if said := slices.Contains(m.Degraded,
			desk.DegradedSender); said != (want.Addr == "" && strings.Contains(want.Name, "@")) {
			t.Errorf("%s: degraded %v", field, m.Degraded)
		}
	}
	m := parse(t, "From: a@b.ru\r\nReply-To: Ivan <ivan@>, <petr@other.example>\r\n\r\nx")
	if want := []desk.Address{{Addr: "petr@other.example"}}; !cmp.Equal(m.ReplyTo, want) {
		t.Errorf("reply to %+v", m.ReplyTo)
	}
}

func TestIDs(t *testing.T) {
	m := parse(t, "Message-ID: <a@b>\r\nIn-Reply-To: Message of Tue from Ivan <x@y> <>, <@z>\r\nReferences: "+
		"<1@a>\r\n\t<2@a><3@a> bare@a\r\n\r\n")
	if m.ID != "a@b" || m.DerivedID || !cmp.Equal(m.InReplyTo, []string{"x@y"}) ||
		!cmp.Equal(m.Refs, []string{"1@a", "2@a", "3@a"}) {
		t.Errorf("id %q, in reply to %v, references %v", m.ID, m.InReplyTo, m.Refs)
	}
	for _, raw := range []string{"<>", "<@host>", "", "< >"} {
		if m := parse(t, "Message-ID: "+raw+"\r\nDate: 12 Mar 2024 10:00:00 +0300\r\n\r\nx"); !m.DerivedID ||
			!strings.HasSuffix(m.ID, "@derived.invalid") {
			t.Errorf("%q: id %q, derived %v", raw, m.ID, m.DerivedID)
		}
	}
	if m := parse(t, "Message-ID: a@b\r\n\r\n"); m.ID != "a@b" {
		t.Errorf("bare id: %q", m.ID)
	}
}

// The hash of a letter in two mailboxes is the same although the trace fields differ.
func TestHash(t *testing.T) {
	letter := func(trace, text string) desk.Message {
		return parse(t, trace+"From: a@b.ru\r\nDate: Tue, 12 Mar 2024 10:00:00 +0300\r\nSubject: S\r\n\r\n"+text)
	}
	one := letter("Delivered-To: x@our.ru\r\nReceived: from one\r\n", "TEXT\r\n")
	two := letter("Delivered-To: y@our.ru\r\nReceived: from two\r\n", "TEXT\n")
	if one.Hash != two.Hash || one.ID != two.ID {
		t.Errorf("the same letter: hashes %s and %s, ids %s and %s", one.Hash, two.Hash, one.ID, two.ID)
	}
	if other := letter("", "OTHER\r\n"); other.Hash == one.Hash || other.ID == one.ID {
		t.Error("another text has the same hash or id")
	}
	a, b := parse(t, "Received: from one\r\n\r\nx"), parse(t, "Received: from two\r\n\r\nx")
	if a.ID == b.ID {
		t.Error("two letters without id and date, alike but for their journey, have one id")
	}
}

func TestReadHeader(t *testing.T) {
	const raw = "Message-ID: <a@b>\r\nFrom: Ivan <a@b.ru>\r\nSubject: S\r\nContent-Type: multipart/mixed; " +
		"boundary=x\r\n\r\n"
	l := desk.Listing{Size: 99 << 20}
	m := ReadHeader(strings.NewReader(raw+"--x\r\n"), l)
	if m.ID != "a@b" || m.From.Addr != "a@b.ru" || m.Subject != "S" || m.Size != l.Size || m.Plain != "" ||
		len(m.Attachments) > 0 || m.Hash == "" {
		t.Errorf("%+v", m)
	}
}

// TestLongValues checks that a subject and a sender's address are limited in length, since keys are made of them.
func TestLongValues(t *testing.T) {
	m := parse(t, "From: Ivan <"+strings.Repeat("a", 40_000)+"@b.ru>\r\nTo: "+strings.Repeat("b", 40_000)+
		"@c.ru\r\nSubject: "+strings.Repeat("тема ", 10_000)+"\r\n\r\nTEXT")
	if n := len([]rune(m.Subject)); n > maxSubject || n < maxSubject-10 ||
		!slices.Contains(m.Degraded, desk.DegradedHeader) {
		t.Errorf("a subject of %d characters, %v", n, m.Degraded)
	}
	if m.From.Addr != "" || len(m.From.Name) > maxName+2 || !slices.Contains(m.Degraded, desk.DegradedSender) ||
		m.To[0].Addr != "" || len(m.To[0].Name) > maxName+10 {
		t.Errorf("from %+v, to %+v, %v", m.From, m.To, m.Degraded)
	}
}
