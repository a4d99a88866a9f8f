package eml

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
)

const (
	pngBytes = "\x89PNG\r\n\x1a\n\xfb\xff\xfe a picture"
	pngURI   = "data:image/png;base64,iVBORw0KGgr7//4gYSBwaWN0dXJl"
)

func inPage(body string) string {
	return crlf("From: a@b.ru\nSubject: S\nContent-Type: text/html; charset=utf-8\n\n") + body
}

// TestPicturesInPages removes pictures from data: addresses in every notation.
func TestPicturesInPages(t *testing.T) {
	if want := "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(pngBytes)); want != pngURI {
		t.Fatal(want)
	}
	const png = "image1.png image/png 21 inline"
	for _, tt := range []struct {
		name, body string
		want       shape
	}{
		{
			"in double quotes",
			`<p>Ошибка: <img src="` + pngURI + `"> помогите</p>`,
			shape{HTML: `<p>Ошибка: <img src="cid:image1.png@page.invalid"> помогите</p>`, Files: []string{png}},
		},
		{
			"in single quotes, blanks around",
			"<IMG alt=x\nSRC = ' " + pngURI + "'>",
			shape{HTML: "<IMG alt=x\nSRC = ' cid:image1.png@page.invalid'>", Files: []string{png}},
		},
		{
			"without quotes",
			"<img src=" + pngURI + ">x",
			shape{HTML: "<img src=cid:image1.png@page.invalid>x", Files: []string{png}},
		},
		{
			"folded",
			`<img src="` + pngURI[:30] + "\r\n " + pngURI[30:] + `">`,
			shape{HTML: `<img src="cid:image1.png@page.invalid">`, Files: []string{png}},
		},
		{
			"a name before the encoding",
			`<img src="` + strings.Replace(pngURI, ";", ";name=a.png;charset=utf-8;", 1) + `">`,
			shape{HTML: `<img src="cid:image1.png@page.invalid">`, Files: []string{png}},
		},
		{
			"escapes of HTML",
			`<img src="` + strings.NewReplacer("7//4", "7/&#47;4", "gY", "&#x67;Y").Replace(pngURI) + `">`,
			shape{HTML: `<img src="cid:image1.png@page.invalid">`, Files: []string{png}},
		},
		{
			"escapes of addresses",
			`<img src="` + strings.ReplaceAll(pngURI, "//", "%2F%2f") + `">`,
			shape{HTML: `<img src="cid:image1.png@page.invalid">`, Files: []string{png}},
		},
		{
			"not base64",
			`<img src="data:image/svg+xml;utf8,<svg%20a='1'/>">`,
			shape{
				HTML:  `<img src="cid:image1.svg@page.invalid">`,
				Files: []string{"image1.svg image/svg+xml 12 inline"},
			},
		},
		{
			"twice",
			`<img src="` + pngURI + `"><img src="` + pngURI + `">`,
			shape{
				HTML:  `<img src="cid:image1.png@page.invalid"><img src="cid:image1.png@page.invalid">`,
				Files: []string{png},
			},
		},
		{
			"two",
			`<img src="` + pngURI + `"><img src="data:image/gif;base64,R0lG">`,
			shape{
				HTML:  `<img src="cid:image1.png@page.invalid"><img src="cid:image2.gif@page.invalid">`,
				Files: []string{png, "image2.gif image/gif 3 inline"},
			},
		},
		{
			"the end is missing",
			`<img src="` + pngURI,
			shape{HTML: `<img src="cid:image1.png@page.invalid`, Files: []string{png}},
		},
		{
			"another attribute",
			`<img data-src="` + pngURI + `"><a href="` + pngURI + `">`,
			shape{HTML: `<img data-src="` + pngURI + `"><a href="` + pngURI + `">`},
		},
		{
			"in a style",
			`<p style="background:url(` + pngURI + `)">x`,
			shape{HTML: `<p style="background:url(` + pngURI + `)">x`},
		},
		{
			"in the text",
			"<p>data:image/png;base64,AAAA data:image",
			shape{HTML: "<p>data:image/png;base64,AAAA data:image"},
		},
		{
			"nothing in it",
			`<img src="data:image/png;base64,">x`,
			shape{HTML: `<img src="data:image/png;base64,">x`, Degraded: []desk.Degraded{desk.DegradedPicture}},
		},
		{
			"no comma",
			`<img src="data:image/png">x`,
			shape{HTML: `<img src="data:image/png">x`, Degraded: []desk.Degraded{desk.DegradedPicture}},
		},
	} {
		raw := inPage(tt.body)
		m := parse(t, raw)
		if diff := cmp.Diff(tt.want, shapeOf(m)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if len(tt.want.Files) > 0 && tt.want.Files[0] == png && extract(t, raw, m.Attachments[0].Part) != pngBytes {
			t.Errorf("%s: extracted %q", tt.name, extract(t, raw, m.Attachments[0].Part))
		}
		var out strings.Builder
		c := &pictures{w: newWalker(strings.NewReader(""), noPart, io.Discard), to: &out}
		_, _ = io.Copy(c, iotest.OneByteReader(strings.NewReader(tt.body))) // in pieces of any size
		if c.close(); out.String() != tt.want.HTML {
			t.Errorf("%s, byte by byte: %q", tt.name, out.String())
		}
	}
}

// A file after a page with pictures keeps its number, and all contents can be extracted.
func TestPicturesAmongParts(t *testing.T) {
	raw := crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: " +
		"text/html\nContent-Transfer-Encoding: quoted-printable\n\n<img src=3D\"" + pngURI[:40] + "=\n" + pngURI[40:] +
		"\">\n--b\nContent-Type: application/pdf; name=a.pdf\n\nABC\n--b--\n")
	m := parse(t, raw)
	if len(m.Attachments) != 2 || extract(t, raw, m.Attachments[0].Part) != pngBytes ||
		extract(t, raw, m.Attachments[1].Part) != "ABC" {
		t.Errorf("%+v", m.Attachments)
	}
	if html := extract(t, raw, 0); html != `<img src="cid:image1.png@page.invalid">` {
		t.Errorf("the page: %q", html)
	}
}

func TestPicturesAreBounded(t *testing.T) {
	big := strings.Repeat("iVBO", 1<<20)
	m := parse(t, inPage(`<img src="data:image/png;base64,`+big+`"><p>after it`))
	if m.HTML != `<img src="cid:image1.png@page.invalid"><p>after it` || len(m.Attachments) != 1 ||
		m.Attachments[0].Size != 3<<20 || len(m.Degraded) > 0 {
		t.Errorf("a big picture: %d bytes of HTML, %+v, %v", len(m.HTML), m.Attachments, m.Degraded)
	}
	var many strings.Builder
	for i := range maxPictures + 1 {
		fmt.Fprintf(&many, `<img src="data:image/png;base64,%s">`,
			base64.StdEncoding.EncodeToString(fmt.Append(nil, i)))
	}
	m = parse(t, inPage(many.String()+"<p>after them"))
	if len(m.Attachments) != maxPictures ||
		!strings.HasSuffix(m.HTML, `<img src="data:image/png;base64,"><p>after them`) ||
		!cmp.Equal(m.Degraded, []desk.Degraded{desk.DegradedPicture}) {
		t.Errorf("many pictures: %d files, %v, %q", len(m.Attachments), m.Degraded, m.HTML[len(m.HTML)-80:])
	}
}

func TestExtractPictureFails(t *testing.T) {
	if err := Extract(strings.NewReader(inPage(`<img src="`+pngURI+`">`)), 1, failing{}); err == nil {
		t.Error("no error")
	}
	m := parse(t, inPage(`<img src="`+pngURI+`">`))
	if a := m.Attachments[0]; a.Part != 1 || a.ContentID != "image1.png@page.invalid" || a.Hidden {
		t.Errorf("%+v", a)
	}
}
