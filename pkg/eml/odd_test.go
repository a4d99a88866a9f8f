package eml

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
)

// TestOddTypes checks that a letter keeps its text if its Content-Type is invalid.
func TestOddTypes(t *testing.T) {
	for _, field := range []string{"text/plain, charset=koi8-r", "plain/text; charset=koi8-r",
		"text/plain:charset=koi8-r", `text\plain; charset=koi8-r`,
		"charset=koi8-r", "charset=koi8-r; text/plain", "'text/plain'; charset='koi8-r'",
		`"text/plain; charset=koi8-r"`, "text / plain; charset = koi8-r",
		"(a text) text/plain; charset=koi8-r", "text", "plain; charset=koi8-r", "koi8-r", "%%",
		"txt/plain; charset=koi8-r", "TEXT/PLAIN;CHARSET=KOI8-R;;",
		"text/plain; charset=koi8-r; format=", "application/octet-stream", "text;charset=koi8-r", "Text/Plain/koi8-r",
		"=?utf-8?Q?text/plain?="} {
		m := parse(t, "From: a@b.ru\nContent-Type: "+field+"\n\n\xf0\xd2\xc9\xd7\xc5\xd4, \xcb\xc1\xd3\xd3\xc1 7731")
		if m.Plain != "Привет, касса 7731" || len(m.Attachments) > 0 {
			t.Errorf("%s: %q, %v", field, m.Plain, m.Attachments)
		}
	}
	for _, field := range []string{"html", "text/html, charset=utf-8", "html/text", "text/html charset=utf-8"} {
		if m := parse(t, "From: a@b.ru\nContent-Type: "+field+"\n\n<p>Привет</p>"); m.HTML != "<p>Привет</p>" {
			t.Errorf("%s: %+v", field, shapeOf(m))
		}
	}
	for _, body := range []string{"%PDF-1.4\n1 0 obj\n", "\x89PNG\r\n\x1a\n\x00\x00", "PK\x03\x04\x00"} {
		if m := parse(t, "From: a@b.ru\nContent-Type: %%\n\n"+body); m.Plain != "" || len(m.Attachments) != 1 {
			t.Errorf("%q: %+v", body, shapeOf(m))
		}
	}
}

// TestOddBoundaries checks that parts are split at the boundary in use, whatever is declared.
func TestOddBoundaries(t *testing.T) {
	const body = "--bd\nContent-Type: text/plain\n\nTEXT\n--bd\nContent-Type: application/pdf; " +
		"name=a.pdf\n\nABC\n--bd--\n"
	want := shape{Plain: "TEXT", Files: []string{"a.pdf application/pdf 3"}}
	for _, head := range []string{"multipart/mixed; boundary=bd", "multipart/mixed; boundary='bd'",
		"multipart/mixed; boundary=xx", "multipart/mixed",
		"multipart/mixed; boundary=BD", "multipart/mixed; boundary=\"\"", "multipart/mixed, boundary=bd",
		"multipart/mixed boundary: bd",
		"multipart; boundary=bd", "multipart/mixed; boundary=<bd>", "multipart/mixed; boundary=\"bd",
		"multipart/mixed; boundary=--bd", "multipart/mixed; boundary=b", "text/plain", ""} {
		if diff := cmp.Diff(want, shapeOf(parse(t, "From: a@b.ru\nContent-Type: "+head+"\n\n"+body))); diff != "" {
			t.Errorf("%s: %s", head, diff)
		}
		if diff := cmp.Diff(want, shapeOf(parse(t,
			"From: a@b.ru\nContent-Type: "+head+"\n\nThis is a MIME message.\n\n"+body))); diff != "" {
			t.Errorf("%s, with a preamble: %s", head, diff)
		}
	}
	inner := "Content-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: multipart/mixed; boundary=xx\n\n" +
		body + "--out--\n"
	if diff := cmp.Diff(want, shapeOf(parse(t, inner))); diff != "" {
		t.Errorf("inside: %s", diff)
	}
	m := parse(t, "From: a@b.ru\n\nLook at this:\n\n"+body)
	if m.Plain == "" || !cmp.Equal(m.Degraded, []desk.Degraded{desk.DegradedMIME}) {
		t.Errorf("shown in a text: %+v", shapeOf(m))
	}
}

// TestTextsAmongFiles checks that the only text of a letter is found, whatever its type.
func TestTextsAmongFiles(t *testing.T) {
	file := func(head, body string) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n \n--b\nContent-Type: " +
			"application/pdf; name=a.pdf\n\nABC\n--b\n" + head + "\n\n" + body + "\n--b--\n"
	}
	const pdf = "a.pdf application/pdf 3"
	for _, tt := range []struct {
		name, raw string
		want      shape
	}{
		{
			"QUIRK Exchange",
			file("Content-Type: text/plain; name=ATT00001.txt\nContent-Disposition: attachment; filename=ATT00001.txt",
				"Касса"),
			shape{Plain: "Касса", Files: []string{pdf}},
		},
		{
			"QUIRK Exchange, HTML",
			file("Content-Type: text/html; name=ATT00002.htm\nContent-Disposition: attachment", "<p>Касса</p>"),
			shape{HTML: "<p>Касса</p>", Files: []string{pdf}},
		},
		{
			"a text without a name",
			file("Content-Type: text/plain\nContent-Disposition: attachment", "Касса"),
			shape{Plain: "Касса", Files: []string{pdf}},
		},
		{
			"somebody's file",
			file("Content-Type: text/plain; name=заявка.txt\nContent-Disposition: attachment", "Касса"),
			shape{Files: []string{pdf, "заявка.txt text/plain 10"}},
		},
		{
			"the only part",
			"Content-Type: text/plain\nContent-Disposition: attachment; filename=noname.txt\n\nКасса",
			shape{Plain: "Касса"},
		},
		{"RTF alone", "Content-Type: application/rtf\n\n{\\rtf1\\ansi\\ansicpg1251{\\fonttbl{\\f0 " +
			"Arial;}}{\\*\\generator X;}\\f0 \\'ca\\'e0\\'f1\\'f1\\'e0 7731\\par \\u1053?\\u1077? \\b works\\b0 " +
			"\\{\\}}",
			shape{Plain: "Касса 7731\nНе works{}", Files: []string{"part-1.rtf application/rtf 128"}}},
		{
			"RTF beside a text",
			"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nTEXT\n--b\nContent-Type: text/rtf\n\n{\\rtf1 " +
				"RTF}\n--b--\n",
			shape{Plain: "TEXT", Files: []string{"part-2.rtf text/rtf 11"}},
		},
		{
			"AMP",
			"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nTEXT\n--b\nContent-Type: " +
				"text/x-amp-html\n\n<html amp4email>\n--b\nContent-Type: text/html\n\n<p>HTML</p>\n--b--\n",
			shape{Plain: "TEXT", HTML: "<p>HTML</p>"},
		},
	} {
		if diff := cmp.Diff(tt.want, shapeOf(parse(t, "From: a@b.ru\n"+tt.raw))); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// TestBestName checks which of several names a file gets, and how a damaged one is handled.
func TestBestName(t *testing.T) {
	for _, tt := range []struct{ typ, disposition, want string }{
		{"application/pdf; name=skan.pdf", "attachment; filename=skan", "skan.pdf"},
		{"application/pdf; name=skan", "attachment; filename=skan.pdf", "skan.pdf"},
		{"application/pdf; name=skan", "attachment; filename=skan", "skan.pdf"},
		{"application/pdf; name=b.pdf", "attachment; filename=a.pdf", "a.pdf"},
		{"application/pdf; name=\"Договор.pdf\"", "attachment; filename=\"???????.pdf\"", "Договор.pdf"},
		{"application/pdf; name=\"???????.pdf\"", "attachment; filename=\"Договор.pdf\"", "Договор.pdf"},
		{"application/pdf; name=\"Договор 1.pdf\"", "attachment; filename=\"??????? 1.pdf\"", "Договор 1.pdf"},
		{"application/octet-stream; name=\"???.pdf\"", "attachment; filename=\"???.pdf\"", "part-1.pdf"},
		{"application/pdf; name=\"???\"", "attachment", "part-1.pdf"},
		{"application/pdf; name=\"Договор от 12.03\"", "attachment", "Договор от 12.03.pdf"},
		{"image/jpeg; name=\"фото\"", "attachment", "фото.jpg"},
		{"application/octet-stream; name=README", "attachment", "README"},
		{"message/rfc822; name=\"Re: вопрос\"", "attachment", "Re_ вопрос.eml"},
		{"application/x-unknown-kind; name=a.7z", "attachment", "a.7z"},
	} {
		m := parse(t, "From: a@b.ru\nContent-Type: "+tt.typ+"\nContent-Disposition: "+tt.disposition+"\n\nABC")
		if len(m.Attachments) != 1 || m.Attachments[0].Name != tt.want {
			t.Errorf("%s, %s: %v, want %q", tt.typ, tt.disposition, m.Attachments, tt.want)
		}
	}
}
