package eml

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"helpdesk/pkg/desk"
)

// seeds are the structured letters of this package's tests.
func seeds(t testing.TB) []string {
	list := []string{
		// a blank before a parameter, after characters whose length changes in lower case
		"Content-Type: \xcf\xf0 a=b\n\nx",
		"", "\n", "From: a@b\n\nx", "From a b\n>From c\nSubject: x\nno colon\n\nx",
		"\xef\xbb\xbfSubject: =?koi8-r?B?8NLJ18XU?= =?utf-8?Q?=D0?= =?utf-8?Q?=9F?=\n\n\xcf\xf0\xe8",
		"Content-Type: multipart/mixed; boundary=\"\"\n\n--b\n\nx\n--b\nContent-Type: message/rfc822\n\ny",
		"Content-Type: multipart/alternative; boundary=b\n\n--b\n--b--\n--b\nContent-Type: text/html; " +
			"charset=utf-7\n\n+BB8EQA-<meta charset=x>\n--b--",
		"Content-Type: text/plain; format=flowed; delsp=yes\nContent-Transfer-Encoding: quoted-printable\n\na =\n> b " +
			"=D0\n",
		"Content-Type: image/png; name*0*=windows-1251''%F1; name*1=x; name=\"=?x?Q?y?=\"\nContent-ID: " +
			"<a@b>\nContent-Disposition: inline; filename=\"../CON\"\n\nx",
		"Content-Type: text/html\n\n<img src=\"data:image/png;base64,iVB&#79;%52w0K\"><img " +
			"src='data:image/svg+xml,%3Csvg/>'><img src=data:image/gif;base64,",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; " +
			"name=a.html\nContent-Transfer-Encoding: base64\n\n<html>\xd0\x9f",
		"Content-Type: text/plain\n\nbegin 644 a\n#0V%T\n`\nend\n",
		"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#0V%T\nend\n",
		"Content-Type: text/calendar\n\nBEGIN:VEVENT\nSUMMARY:x\nDTSTART:20240312T100000Z\nEND:VEVENT",
		"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: " +
			"message/delivery-status\n\nFinal-Recipient: rfc822;a@b\nAction: failed\n\nx\n--b\nContent-Type: " +
			"text/rfc822-headers\n\nMessage-ID: <x@y>\n--b--",
		winmail(tnefStream(tnefAttr(1, attOemCode, []byte{0xe3, 4, 0, 0}), tnefAttr(2, attRendData, nil),
			tnefAttr(2, attTitle, []byte("a\x00")), tnefAttr(2, attData, []byte("x")),
			tnefAttr(2, attAttachment, longName("b")))),
		p7m(signed([]byte("Content-Type: text/plain\r\n\r\nhello"), true)),
		p7m(signed([]byte("Content-Type: text/plain\r\n\r\nhello"), false)),
	}
	return append(list, kept(t, "../desk/testdata/corpus/*.eml")...)
}

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

func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Parse(bytes.NewReader(raw), desk.Listing{})
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(allStrings(m)) {
			t.Errorf("not valid UTF-8: %q", allStrings(m))
		}
		if m.ID == "" || strings.HasPrefix(m.ID, "@") || m.Hash == "" {
			t.Errorf("id %q, hash %q", m.ID, m.Hash)
		}
		if len(m.Attachments) > maxParts*3 || len(m.Plain) > 40*len(raw)+1000 {
			t.Errorf("%d attachments and %d bytes of text from %d", len(m.Attachments), len(m.Plain), len(raw))
		}
		for _, a := range m.Attachments {
			if a.Name == "" || len(a.Name) > 200 || strings.ContainsAny(a.Name, "/\\\x00\n\r\"") {
				t.Errorf("attachment name %q", a.Name)
			}
		}
	})
}

func FuzzExtract(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Parse(bytes.NewReader(raw), desk.Listing{})
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range m.Attachments {
			if i > 20 {
				break
			}
			c := &counter{r: bytes.NewReader(nil), sum: newDigest()}
			if err := Extract(bytes.NewReader(raw), a.Part, c.sum); err != nil {
				t.Fatalf("part %d: %v", a.Part, err)
			}
			if c.sum.hex() != a.Hash {
				t.Errorf("part %d (%s): another content than was parsed", a.Part, a.Name)
			}
		}
		_ = Extract(bytes.NewReader(raw), 5, io.Discard)
	})
}
