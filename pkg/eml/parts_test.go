package eml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"golang.org/x/text/encoding/charmap"

	"helpdesk/pkg/desk"
)

const head1 = "From: a@b.ru\r\nSubject: S\r\nMIME-Version: 1.0\r\n"

// crlf replaces \n by \r\n, as mail is sent.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func extract(t testing.TB, raw string, part int) string {
	t.Helper()
	var b bytes.Buffer
	if err := Extract(strings.NewReader(raw), part, &b); err != nil {
		t.Fatalf("extract %d: %v", part, err)
	}
	return b.String()
}

// shape contains the properties of a message that are compared.
type shape struct {
	Plain, HTML string
	Files       []string // name type size
	Degraded    []desk.Degraded
}

func shapeOf(m desk.Message) shape {
	s := shape{Plain: strings.TrimSpace(m.Plain), HTML: strings.TrimSpace(m.HTML), Degraded: m.Degraded}
	for _, a := range m.Attachments {
		inline := ""
		if a.Inline {
			inline = " inline"
		}
		s.Files = append(s.Files, fmt.Sprintf("%s %s %d%s", a.Name, a.Type, a.Size, inline))
	}
	return s
}

func TestParts(t *testing.T) {
	for _, tt := range []struct {
		name, raw string
		want      shape
	}{
		{"alternative", "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: " +
			"text/plain\n\nPLAIN\n--b\nContent-Type: text/html\n\n<p>HTML\n--b--\n",
			shape{Plain: "PLAIN", HTML: "<p>HTML"}},
		{"mixed with file", "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\nPLAIN\n--b\nContent-Type: " +
			"application/pdf; name=\"a.pdf\"\nContent-Transfer-Encoding: base64\n\nQUJD\n--b--\nepilogue\n",
			shape{Plain: "PLAIN", Files: []string{"a.pdf application/pdf 3"}}},
		{"QUIRK no closing boundary", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nPLAIN\n--b\nContent-Type: " +
			"application/pdf\n\nABC\n",
			shape{
				Plain:    "PLAIN",
				Files:    []string{"part-2.pdf application/pdf 5"},
				Degraded: []desk.Degraded{desk.DegradedTruncated},
			}},
		{"QUIRK boundary missing in the header",
			"Content-Type: multipart/mixed\n\n--b\n\nPLAIN\n--b\nContent-Type: application/pdf\n\nABC\n--b--\n",
			shape{Plain: "PLAIN", Files: []string{"part-2.pdf application/pdf 3"}}},
		{
			"QUIRK boundary empty",
			"Content-Type: multipart/mixed; boundary=\"\"\n\n--b\n\nPLAIN\n--b--\n",
			shape{Plain: "PLAIN"},
		},
		{"QUIRK another boundary than announced", "Content-Type: multipart/mixed; boundary=c\n\n--b\n\nPLAIN\n--b--\n",
			shape{Plain: "--b\n\nPLAIN\n--b--", Degraded: []desk.Degraded{desk.DegradedTruncated}}},
		{"QUIRK no multipart at all", "Content-Type: multipart/mixed\n\nPLAIN\n", shape{Plain: "PLAIN"}},
		{
			"QUIRK part without a header",
			"Content-Type: multipart/mixed; boundary=b\n\n--b\nPLAIN\n--b--\n",
			shape{Plain: "PLAIN"},
		},
		{"QUIRK parts after the end", "Content-Type: multipart/mixed; " +
			"boundary=b\n\n--b\n\nPLAIN\n--b--\n\n--b\nContent-Type: application/pdf\n\nABC\n--b--\n",
			shape{Plain: "PLAIN", Files: []string{"part-2.pdf application/pdf 3"}}},
		{"inner not closed", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; " +
			"boundary=c\n\n--c\n\nPLAIN\n--b\nContent-Type: application/pdf\n\nABC\n--b--\n",
			shape{Plain: "PLAIN", Files: []string{"part-2.pdf application/pdf 3"}}},
		{"message inside", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nPLAIN\n--b\nContent-Type: " +
			"message/rfc822\n\nSubject: x\n\ny\n--b--\n",
			shape{Plain: "PLAIN", Files: []string{"message.eml message/rfc822 15"}}},
		{
			"digest",
			"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny\n--b--\n",
			shape{Files: []string{"message.eml message/rfc822 15"}},
		},
		{"text as a file", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nPLAIN\n--b\nContent-Type: " +
			"text/plain; name=log.txt\n\nLOG\n--b\nContent-Type: text/plain\nContent-Disposition: " +
			"attachment\n\nLOG\n--b--\n",
			shape{Plain: "PLAIN", Files: []string{"log.txt text/plain 3", "part-3.txt text/plain 3"}}},
		{
			"QUIRK text with a name is the text",
			"Content-Type: text/plain; name=message.txt\n\nPLAIN\n",
			shape{Plain: "PLAIN"},
		},
		{"a named text comes first", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; " +
			"name=log.txt\nContent-Disposition: inline\n\nLOG\n--b\n\nPLAIN\n--b--\n",
			shape{Plain: "LOG\n\nPLAIN", Files: []string{"log.txt text/plain 3"}}},
		{"a named page is alone", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; " +
			"name=report.html\n\n<p>HTML\n--b--\n",
			shape{HTML: "<p>HTML", Files: []string{"report.html text/html 7"}}},
		{"QUIRK the forms of a text have names",
			"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; " +
				"name=text.txt\n\nPLAIN\n--b\nContent-Type: multipart/related; boundary=c\n\n--c\nContent-Type: " +
				"text/html; name=text.html\n\n<p>HTML\n--c--\n--b--\n",
			shape{Plain: "PLAIN", HTML: "<p>HTML"}},
		{
			"QUIRK a related page has a name",
			"Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html; " +
				"name=text.html\n\n<p>HTML\n--b--\n",
			shape{HTML: "<p>HTML"},
		},
		{
			"QUIRK HTML as plain text",
			"Content-Type: text/plain\n\n\n<!DOCTYPE html>\n<p>HTML",
			shape{HTML: "<!DOCTYPE html>\n<p>HTML"},
		},
		{"QUIRK HTML as nothing", "\n\n<HTML lang=ru><p>HTML", shape{HTML: "<HTML lang=ru><p>HTML"}},
		{"QUIRK HTML as both forms", "Content-Type: multipart/alternative; " +
			"boundary=b\n\n--b\n\n<html><p>PLAIN</p></html>\n--b\nContent-Type: text/html\n\n<p>HTML\n--b--\n",
			shape{Plain: "PLAIN", HTML: "<p>HTML"}},
		{"a text about HTML", "\n\nsee <html>", shape{Plain: "see <html>"}},
		{"a text about another tag", "\n\n<htmlx> fails", shape{Plain: "<htmlx> fails"}},
		{
			"QUIRK base64 that is none",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nНе открывается 1C\nBuch",
			shape{Plain: "Не открывается 1C\nBuch"},
		},
		{
			"QUIRK base64 with a footer",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n0J/RgNC40LLQtdGC\n\n-- " +
				"\nСписок",
			shape{Plain: "Привет\n-- \nСписок"},
		},
		{
			"QUIRK base64 with a footer of words",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: " +
				"base64\n\n0J/RgNC40LLQtdGCIQ==\n____\nlist mailing list\nRegards\nhttp://x.example/\n",
			shape{Plain: "Привет!\n____\nlist mailing list\nRegards\nhttp://x.example/"},
		},
		{
			"QUIRK words above base64",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nCAUTION: " +
				"external\nВнимание\n\n0J/RgNC40LLQtdGC\n",
			shape{Plain: "CAUTION: external\nВнимание\n\nПривет"},
		},
		{
			"QUIRK words within base64",
			"Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n\n8NLJ18XU\n\n-- cut here " +
				"--\n\n8NLJ18XU\n",
			shape{Plain: "Привет\n-- cut here --\n\nПривет"},
		},
		{
			"QUIRK base64 in koi8-r, a footer in UTF-8",
			"Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n\n8NLJ18XU\n\nСписок " +
				"рассылки\n",
			shape{Plain: "Привет\nСписок рассылки"},
		},
		{
			"QUIRK base64 lacks a letter",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: " +
				"base64\n\n0J3QtSDRgNCw0LHQvtGC0LDQtdGCINC/0YDQuNC90YQtdGAINCyINCx0YPRhdCz0LDQu9GC0LXRgNC40Lg=\n",
			shape{Plain: "Не работает принф- в бухгалтерии", Degraded: []desk.Degraded{desk.DegradedCharset}},
		},
		{
			"QUIRK base64 lacks another letter",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: " +
				"base64\n\n0J3QtSDRgNCw0LHQvtGC0LDQtdGCIN60LDRgdGB0LAgNzczMSwg0L/RgNC+0YjRgyDQv9GA0LjRgdC70LDRgtGMINC80LDRgdGC0LXRgNCwINGB0LXQs9C+0LTQvdGPINC00L4g0LLQtdGH0LXRgNCw\n",
			shape{
				Plain:    "Не работаетасса 7731, прошу прислать мастера сегодня до вечера",
				Degraded: []desk.Degraded{desk.DegradedCharset},
			},
		},
		{
			"QUIRK base64 lacks its last letter",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: " +
				"base64\n\n0J3QtSDRgNCw0LHQvtGC0LDQtdGCINC60LDRgdGB0LAgNzczMSwg0L/RgNC+0YjRgyDQv9GA0LjRgdC70LDRgtGMINC80LDRgdGC0LXRgNCwINGB0LXQs9C+0LTQvdGPINC00L4g0LLQtdGH0LXRgNC\n",
			shape{
				Plain:    "Не работает касса 7731, прошу прислать мастера сегодня до вечер\ufffd",
				Degraded: []desk.Degraded{desk.DegradedCharset},
			},
		},
		{
			"QUIRK base64 lacks its end",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n0J/RgNC40LLQtdG\n",
			shape{Plain: "Приве\ufffd", Degraded: []desk.Degraded{desk.DegradedCharset}},
		},
		{
			"QUIRK base64 in padded pieces",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n0J8=0YDQuA==\n0LI=\n",
			shape{Plain: "Прив"},
		},
		{
			"QUIRK base64 indented",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n  0J/RgNC4\n  0LLQtdGC\n",
			shape{Plain: "Привет"},
		},
		{"Apple: texts around a picture",
			"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nONE\n--b\nContent-Type: " +
				"image/png\nContent-Disposition: inline; filename=a.png\n\nABC\n--b\n\nTWO\n--b--\n",
			shape{Plain: "ONE\n\nTWO", Files: []string{"a.png image/png 3"}}},
		{"a footer in the other form",
			"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>HTML</p>\n--b\n\na < " +
				"b\n--b--\n",
			shape{Plain: "HTML\n\na < b", HTML: "<p>HTML</p>\n<div>a &lt; b</div>"}},
		{"referenced picture", "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<img " +
			"src=\"CID:x%40y\">\n--b\nContent-Type: image/png; name=a.png\nContent-ID: " +
			"<x@y>\n\nABC\n--b\nContent-Type: image/png; name=b.png\nContent-ID: <other@y>\n\nABC\n--b--\n",
			shape{HTML: "<img src=\"CID:x%40y\">", Files: []string{"a.png image/png 3 inline", "b.png image/png 3"}}},
		{
			"nameless inline picture",
			"Content-Type: image/png\nContent-Disposition: inline\n\nABC",
			shape{Files: []string{"part-1.png image/png 3 inline"}},
		},
		{"signed", "Content-Type: multipart/signed; boundary=b\n\n--b\n\nPLAIN\n--b\nContent-Type: " +
			"application/pkcs7-signature; name=smime.p7s\n\nABC\n--b--\n",
			shape{Plain: "PLAIN", Files: []string{"smime.p7s application/pkcs7-signature 3"}}},
		{
			"QUIRK quoted-printable, odd names",
			"Content-Transfer-Encoding: Quoted printable;\n\na=D0=\n=9F =3D= =ZZ  \nb",
			shape{Plain: "aП == =ZZ\nb"},
		},
		{
			"QUIRK base64 with junk, cut short",
			"Content-Transfer-Encoding: \"base64\"\n\nVGhlIHByaW50ZXIgaXMg*b24gZmlyZSwgcGxlYXNl-IGhlbHAg\ndXMh",
			shape{Plain: "The printer is on fire, please help us!"},
		},
		{"QUIRK 8bits", "Content-Transfer-Encoding: 8bits\n\nПривет", shape{Plain: "Привет"}},
		{
			"flowed",
			"Content-Type: text/plain; format=flowed\n\none \ntwo\n> a \n> b\n three\n-- \nsig",
			shape{Plain: "one two\n> a b\nthree\n-- \nsig"},
		},
		{"flowed, delsp", "Content-Type: text/plain; format=flowed; delsp=yes\n\non \ne", shape{Plain: "one"}},
		{"QUIRK Outlook's doubled lines", "\n\na\n\nb\n\nc\n\n\n\nd\n\ne\n", shape{Plain: "a\nb\nc\n\nd\ne"}},
		{"single blank lines stay", "\n\na\n\nb\n\nc\n\nd\n", shape{Plain: "a\n\nb\n\nc\n\nd"}},
		{"QUIRK control characters", "\n\na\x00b\x07c\x0cd", shape{Plain: "abc\nd"}},
		{
			"PGP inside",
			"\n\n-----BEGIN PGP MESSAGE-----\nxx\n-----END PGP MESSAGE-----",
			shape{
				Plain:    "-----BEGIN PGP MESSAGE-----\nxx\n-----END PGP MESSAGE-----",
				Degraded: []desk.Degraded{desk.DegradedPGP},
			},
		},
		{
			"HTML says its charset",
			"Content-Type: text/html\n\n<meta charset=windows-1251><p>\xcf\xf0\xe8\xe2\xe5\xf2",
			shape{HTML: "<meta charset=windows-1251><p>Привет"},
		},
		{
			"HTML says its charset, the label says nothing",
			"Content-Type: text/html; charset=ru-RU\n\n<meta charset=koi8-r><p>\xf0\xd2\xc9\xd7\xc5\xd4",
			shape{HTML: "<meta charset=koi8-r><p>Привет"},
		},
		{
			"XHTML says its charset",
			"Content-Type: text/html\n\n<?xml version='1.0' encoding='koi8-r'?><p>\xf0\xd2\xc9\xd7\xc5\xd4",
			shape{HTML: "<?xml version='1.0' encoding='koi8-r'?><p>Привет"},
		},
		{
			"QUIRK a page in UTF-8 says unicode",
			"Content-Type: text/html\n\n<meta charset=unicode><p>Да",
			shape{HTML: "<meta charset=unicode><p>Да"},
		},
		{
			"QUIRK semicolon forgotten",
			"Content-Type: text/plain charset=koi8-r\n\n\xf0\xd2\xc9\xd7\xc5\xd4",
			shape{Plain: "Привет"},
		},
		{"QUIRK media type of one word", "Content-Type: text\n\nPLAIN", shape{Plain: "PLAIN"}},
		{"QUIRK nonsense media type", "Content-Type: foo bar baz\n\nABC", shape{Plain: "ABC"}},
		{"empty", "\n\n", shape{}},
	} {
		raw := crlf(strings.ReplaceAll(head1, "\r\n", "\n") + strings.TrimPrefix(tt.raw, "\n"))
		if diff := cmp.Diff(tt.want, shapeOf(parse(t, raw))); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// A page that is a file is not changed, and its embedded pictures are reported as not shown.
func TestNamedPageKeepsItsPictures(t *testing.T) {
	const report = `<p>HTML<img src="` + pngURI + `">`
	raw := crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; name=report.html\n\n" +
		report + "\n--b\nContent-Type: application/pdf; name=a.pdf\n\nABC\n--b--\n")
	m := parse(t, raw)
	if len(m.Attachments) != 2 || extract(t, raw, m.Attachments[0].Part) != report ||
		extract(t, raw, m.Attachments[1].Part) != "ABC" ||
		!cmp.Equal(m.Degraded, []desk.Degraded{desk.DegradedPicture}) {
		t.Errorf("%+v, %v", m.Attachments, m.Degraded)
	}
}

func TestExtractMatchesParse(t *testing.T) {
	raw := crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee\nbegin 644 " +
		"uu.txt\n#0V%T\n`\nend\n\n--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString([]byte("%PDF")) +
		"\n--b\nContent-Type: image/png; name=a.png\n\nPNG\n--b--\n")
	m := parse(t, raw)
	got := map[string]string{}
	for _, a := range m.Attachments {
		got[a.Name] = extract(t, raw, a.Part)
		if int64(len(got[a.Name])) != a.Size {
			t.Errorf("%s: %d bytes extracted, %d told", a.Name, len(got[a.Name]), a.Size)
		}
	}
	if diff := cmp.Diff(map[string]string{"uu.txt": "Cat", "part-3.pdf": "%PDF", "a.png": "PNG"}, got); diff != "" {
		t.Error(diff)
	}
	if strings.TrimSpace(m.Plain) != "see" {
		t.Errorf("text %q", m.Plain)
	}
	if err := Extract(strings.NewReader(raw), 99, io.Discard); err == nil {
		t.Error("extracted a part that is not there")
	}
	if err := Extract(strings.NewReader(raw), m.Attachments[1].Part, failing{}); !errors.Is(err, errDisk) {
		t.Errorf("writing failed, got %v", err)
	}
}

var errDisk = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errDisk }

func TestReadFails(t *testing.T) {
	r := io.MultiReader(strings.NewReader(head1+"\r\nTEXT"), iotest.ErrReader(errDisk))
	if _, err := Parse(r, desk.Listing{}); !errors.Is(err, errDisk) {
		t.Errorf("got %v", err)
	}
}

func TestBounds(t *testing.T) {
	var deep strings.Builder
	deep.WriteString(head1)
	for i := range 200 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	deep.WriteString("\r\nTEXT\r\n")
	m := parse(t, deep.String())
	if len(m.Attachments) != 1 || !slices.Contains(m.Degraded, desk.DegradedDepth) {
		t.Errorf("200 levels: %+v %v", m.Attachments, m.Degraded)
	}
	var wide strings.Builder
	wide.WriteString(head1 + "Content-Type: multipart/mixed; boundary=b\r\n\r\n")
	for range 5000 {
		wide.WriteString("--b\r\nContent-Type: application/pdf\r\n\r\nABC\r\n")
	}
	m = parse(t, wide.String())
	last := m.Attachments[len(m.Attachments)-1]
	if len(m.Attachments) > maxParts || last.Name != "rest.eml" || last.Size < 100000 ||
		!cmp.Equal(m.Degraded, []desk.Degraded{desk.DegradedParts}) {
		t.Errorf("5000 parts: %d attachments, %v, last %+v", len(m.Attachments), m.Degraded, last)
	}
	long := head1 + "Content-Type: text/plain; name=log.txt\r\n\r\n" + strings.Repeat("0123456789\r\n", 200000)
	m = parse(t, long)
	if len(m.Plain) > maxText || len(m.Attachments) != 1 ||
		!cmp.Equal(m.Degraded, []desk.Degraded{desk.DegradedText}) ||
		len(extract(t, long, m.Attachments[0].Part)) != 2400000 {
		t.Errorf("long text: %d, %+v, %v", len(m.Plain), m.Attachments, m.Degraded)
	}
}

func TestFileNames(t *testing.T) {
	const name = "Счёт на оплату.pdf"
	cp1251 := encode(t, charmap.Windows1251, name)
	koi8 := encode(t, charmap.KOI8R, name)
	percent := func(b []byte) string {
		var s strings.Builder
		for _, c := range b {
			fmt.Fprintf(&s, "%%%02X", c)
		}
		return s.String()
	}
	word := "=?koi8-r?B?" + base64.StdEncoding.EncodeToString(koi8) + "?="
	utf := percent([]byte(name))
	for _, tt := range []struct{ name, disp, want string }{
		{"RFC 2231 utf-8", "filename*=utf-8''" + utf, name},
		{"RFC 2231 windows-1251", "filename*=windows-1251''" + percent(cp1251), name},
		{"RFC 2231 koi8-r with language", "filename*=koi8-r'ru'" + percent(koi8), name},
		{
			"RFC 2231 in pieces",
			"filename*0*=utf-8''" + utf[:9] + "; filename*1*=" + utf[9:30] + "; filename*2*=" + utf[30:],
			name,
		},
		{"RFC 2231 pieces out of order", "filename*1*=" + utf[30:] + "; filename*0*=utf-8''" + utf[:30], name},
		{"both forms", "filename=\"bad.pdf\"; filename*=utf-8''" + utf, name},
		{"RFC 2047 in quotes", `filename="` + word + `"`, name},
		{"RFC 2047 without quotes", "filename=" + word, name},
		{"QUIRK raw windows-1251", `filename="` + string(cp1251) + `"`, name},
		{"QUIRK raw koi8-r", `filename="` + string(koi8) + `"`, name},
		{"raw UTF-8", `filename="` + name + `"`, name},
		{"QUIRK blanks without quotes", "filename=my file (1).pdf", "my file (1).pdf"},
		{"doubled", "filename=a.pdf; filename=b.pdf", "a.pdf"},
		{"path", `filename="../../etc/passwd"`, "passwd.pdf"},
		{"Windows path", `filename="C:\temp\a.pdf"`, "a.pdf"},
		{"reserved", `filename="CON.txt"`, "_CON.txt"},
		{"forbidden", `filename="a<b>:c?.pdf"`, "a_b__c_.pdf"},
		{"turned around", "filename=\"invoice\u202efdp.exe\"", "invoicefdp.exe"},
		{"dots at the end", `filename="a.pdf. . "`, "a.pdf"},
		{"nothing left", `filename="../.."`, "part-1.pdf"},
		{"composed", "filename=\"и\u0306.pdf\"", "й.pdf"},
		{"long", `filename="` + strings.Repeat("я", 300) + `.docx"`, strings.Repeat("я", 97) + ".docx"},
		{"QUIRK semicolon inside quotes", `filename="a;b.pdf"`, "a;b.pdf"},
		{"QUIRK quotes inside quotes", `filename="ЗАО "Вега" и "Лира".pdf"; size=3`, "ЗАО _Вега_ и _Лира_.pdf"},
		{"text behind the quotes", `filename="a.pdf" (scanned); size=3`, "a.pdf"},
		{"QUIRK semicolon forgotten", `filename="a.pdf" x-name="b.pdf"`, "a.pdf"},
		{"QUIRK escapes outside of RFC 2231", `filename="` + utf + `"`, name},
		{"escapes that are no UTF-8", `filename="` + percent(cp1251)[:9] + `.pdf"`, percent(cp1251)[:9] + ".pdf"},
		{"escapes that hide a control character", `filename="a%0D%0A.pdf"`, "a%0D%0A.pdf"},
		{"a share", `filename="50% off.pdf"`, "50% off.pdf"},
		{
			"RFC 2231, pieces cut inside an escape",
			"filename*0*=utf-8''" + utf[:7] + "; filename*1*=" + utf[7:26] + "; filename*2*=" + utf[26:],
			name,
		},
		{
			"RFC 2231, a plain piece between",
			"filename*0*=utf-8''%D1%8F; filename*1=%41; filename*2*=%D1%8F.pdf",
			"я%41я.pdf",
		},
		{"absent", "", "part-1.pdf"},
	} {
		m := parse(t, head1+"Content-Type: application/pdf\r\nContent-Disposition: attachment; "+tt.disp+"\r\n\r\nABC")
		if len(m.Attachments) != 1 || m.Attachments[0].Name != tt.want {
			t.Errorf("%s: got %+v, want %q", tt.name, m.Attachments, tt.want)
		}
	}
	m := parse(t, head1+"Content-Type: application/pdf; name=\""+word+"\"\r\n\r\nABC")
	if m.Attachments[0].Name != name {
		t.Errorf("name of the type: %q", m.Attachments[0].Name)
	}
}

func TestForwardedAsFile(t *testing.T) {
	m := parse(t, crlf("From: a@b.ru\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nTEXT\n--b\nContent-Type: "+
		"message/rfc822\n\nFrom: =?koi8-r?B?6dfBzg==?= <ivan@example.ru>\nSubject: x\n\nHello\n--b--\n"))
	if want := []desk.Address{{
		Name: "Иван",
		Addr: "ivan@example.ru",
	}}; !cmp.Equal(m.Forwarded, want) || len(m.Attachments) != 1 {
		t.Errorf("%v %v", m.Forwarded, m.Attachments)
	}
}
