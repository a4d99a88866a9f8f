package relay

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"encoding/base64"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// part is a part of a composed letter as a mail program sees it.
type part struct {
	Type, Disposition, Name, ID, Content string
	Parts                                []part
}

func parse(t *testing.T, raw []byte) (netmail.Header, part) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, parsePart(t, textproto.MIMEHeader(m.Header), m.Body)
}

func parsePart(t *testing.T, h textproto.MIMEHeader, body io.Reader) part {
	t.Helper()
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		t.Fatalf("%v: %q", err, h)
	}
	p := part{Type: media, ID: h.Get("Content-ID")}
	if boundary := params["boundary"]; boundary != "" {
		for r := multipart.NewReader(body, boundary); ; {
			sub, err := r.NextRawPart()
			if err == io.EOF {
				return p
			}
			if err != nil {
				t.Fatal(err)
			}
			p.Parts = append(p.Parts, parsePart(t, sub.Header, sub))
		}
	}
	switch h.Get("Content-Transfer-Encoding") {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	p.Content = strings.ReplaceAll(string(content), "\r\n", "\n")
	if d := h.Get("Content-Disposition"); d != "" {
		disposition, params, err := mime.ParseMediaType(d)
		if err != nil {
			t.Fatalf("%v: %q", err, d)
		}
		p.Disposition, p.Name = disposition, params["filename"]
		_, old, err := mime.ParseMediaType(h.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		name, err := new(mime.WordDecoder).DecodeHeader(old["name"])
		if err != nil || name != p.Name {
			t.Errorf("the names differ: %q, %q, %v", p.Name, name, err)
		}
	}
	return p
}

func compose1(t *testing.T, l desk.Letter) []byte {
	t.Helper()
	raw, err := Compose(l)
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for i, line := range bytes.Split(raw, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n") || !ascii(strings.ReplaceAll(string(line), "\t", " ")) {
			t.Errorf("line %d has %d bytes: %q", i, len(line), line)
		}
	}
	for _, line := range bytes.Split(header, []byte("\r\n")) {
		if bytes.HasSuffix(line, []byte(":")) || len(bytes.TrimSpace(line)) == 0 {
			t.Errorf("a line of the header with nothing in it: %q", line)
		}
	}
	again, err := Compose(l)
	if err != nil || !bytes.Equal(raw, again) {
		t.Errorf("composed again it differs: %v", err)
	}
	return raw
}

func TestComposeWholeLetter(t *testing.T) {
	l := letterTo("ivan@example.org")
	l.InReplyTo = "b@example.org"
	l.References = []string{"a@example.org", "b@example.org"}
	l.Automatic, l.Loop = desk.AutoReplied, "instance-1"
	l.Inline = []desk.Part{{Name: "logo.png", Type: "image/png", ContentID: "logo@helpdesk", Content: []byte("png")}}
	l.Files = []desk.Part{
		{Name: "Счёт за март.pdf", Type: "application/pdf", Content: []byte("pdf")},
		{Name: "letter.eml", Type: "message/rfc822", Content: []byte("From: a\n\nb")},
	}
	h, p := parse(t, compose1(t, l))
	want := part{Type: "multipart/mixed", Parts: []part{
		{Type: "multipart/related", Parts: []part{
			{Type: "multipart/alternative", Parts: []part{
				{Type: "text/plain", Content: l.Text},
				{Type: "text/html", Content: l.HTML},
			}},
			{Type: "image/png", Disposition: "inline", Name: "logo.png", ID: "<logo@helpdesk>", Content: "png"},
		}},
		{Type: "application/pdf", Disposition: "attachment", Name: "Счёт за март.pdf", Content: "pdf"},
		{Type: "application/octet-stream", Disposition: "attachment", Name: "letter.eml", Content: "From: a\n\nb"},
	}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"Message-Id": "<hd.0.1@example.ru>", "In-Reply-To": "<b@example.org>",
		"References":     "<a@example.org> <b@example.org>",
		"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "X-Helpdesk-Loop": "instance-1",
		"Date": "Thu, 12 Mar 2026 10:00:00 +0000", "Mime-Version": "1.0", "To": "<ivan@example.org>",
	} {
		if got := h[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, name := range []string{"Cc", "Bcc", "Reply-To", "User-Agent", "X-Mailer"} {
		if h[name] != nil {
			t.Errorf("%s: %q", name, h[name])
		}
	}
	from, err := netmail.ParseAddress(h.Get("From"))
	if err != nil || from.Name != "Служба поддержки" || from.Address != "support@example.ru" {
		t.Errorf("From: %v, %v", from, err)
	}
}

func TestComposePersonalLetterSaysNothingAutomatic(t *testing.T) {
	h, p := parse(t, compose1(t, letterTo("ivan@example.org")))
	for _, name := range []string{"Auto-Submitted", "X-Auto-Response-Suppress", "X-Helpdesk-Loop", "In-Reply-To",
		"References"} {
		if h[name] != nil {
			t.Errorf("%s: %q", name, h[name])
		}
	}
	if p.Type != "multipart/alternative" || len(p.Parts) != 2 {
		t.Errorf("got %v", p)
	}
}

func TestComposeOneBody(t *testing.T) {
	for _, typ := range []string{"text/plain", "text/html"} {
		l := letterTo("ivan@example.org")
		l.Text, l.HTML = "one", ""
		if typ == "text/html" {
			l.Text, l.HTML = "", "one"
		}
		if _, p := parse(t, compose1(t, l)); p.Type != typ || strings.TrimSpace(p.Content) != "one" {
			t.Errorf("got %v", p)
		}
	}
}

func TestComposeLongAndOddValues(t *testing.T) {
	long := strings.Repeat("Департамент развития и поддержки ", 20)
	for name, l := range map[string]desk.Letter{
		"names": {
			From: desk.Address{Name: long, Addr: "s@example.ru"},
			To:   desk.Address{Name: long, Addr: "ivan@example.org"},
		},
		"subject": {Subject: strings.Repeat("Щ", 3000)},
		"word":    {Subject: strings.Repeat("x", 3000)},
		"text":    {Text: strings.Repeat("x", 5000) + "\x00\r\rя", HTML: strings.Repeat("<b>я", 5000)},
		"file": {Files: []desk.Part{{
			Name:    strings.Repeat("Ж", 400) + ".docx",
			Type:    "application/pdf; name=\"x\r\ny\"",
			Content: []byte("x"),
		}}},
		"ascii": {Files: []desk.Part{{Name: strings.Repeat("n'%", 100) + ".docx", Content: []byte("x")}}},
		"paths": {Files: []desk.Part{{
			Name:    "../../etc/pa\"ss\r\nwd",
			Content: []byte("x"),
		}, {Name: "..", Content: []byte("x")}}},
		"ids": {
			InReplyTo:  strings.Repeat("x", 1000) + "@y",
			References: []string{"", "a b@c", "ok@c", "<x>", "я@c"},
		},
		"invalid": {Subject: "a\xffb", Text: "a\xffb", From: desk.Address{Name: "a\xffb", Addr: "s@example.ru"}},
	} {
		base := letterTo("ivan@example.org")
		base.Subject, base.InReplyTo, base.References = l.Subject, l.InReplyTo, l.References
		base.Files = l.Files
		if l.Text != "" {
			base.Text = l.Text
		}
		if l.HTML != "" {
			base.HTML = l.HTML
		}
		if l.From.Addr != "" {
			base.From = l.From
		}
		if l.To.Addr != "" {
			base.To = l.To
		}
		h, _ := parse(t, compose1(t, base))
		to, err := h.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != "ivan@example.org" {
			t.Errorf("%s: To: %v, %v", name, to, err)
		}
		if name == "ids" && (h.Get("In-Reply-To") != "" || h.Get("References") != "<ok@c>") {
			t.Errorf("%s: %q, %q", name, h.Get("In-Reply-To"), h.Get("References"))
		}
	}
}

func TestComposeKeepsFileNames(t *testing.T) {
	for name, want := range map[string]string{
		"a.pdf": "a.pdf", "it's 100%.pdf": "it's 100%.pdf",
		"Акт №5 (копия), итог=да.xlsx": "Акт №5 (копия), итог=да.xlsx",
		"../x/y.txt": ".._x_y.txt", "a\r\nContent-Type: x": "a Content-Type_ x", "": "file", "...": "file",
		strings.Repeat("Ж", 300) + ".docx": strings.Repeat("Ж", 97) + ".docx",
	} {
		l := letterTo("ivan@example.org")
		l.Files = []desk.Part{{Name: name, Content: []byte("x")}}
		_, p := parse(t, compose1(t, l))
		if got := p.Parts[len(p.Parts)-1].Name; got != want {
			t.Errorf("%q became %q", name, got)
		}
	}
}

func TestComposeTakesNoInjection(t *testing.T) {
	evil := "x\r\nBcc: victim@example.org\r\n\r\nbody"
	l := letterTo("ivan@example.org")
	l.Subject, l.Loop, l.From.Name, l.To.Name = evil, evil, evil, evil
	l.InReplyTo, l.References = evil, []string{evil, "a>\r\nBcc: <victim@example.org"}
	l.Inline = []desk.Part{{Name: evil, Type: evil, ContentID: evil, Content: []byte(evil)}}
	l.Files = []desk.Part{{Name: evil, Type: "text/plain\r\nBcc: x", ContentID: evil, Content: []byte(evil)}}
	h, p := parse(t, compose1(t, l))
	if h["Bcc"] != nil || p.Type != "multipart/mixed" || len(p.Parts) != 2 {
		t.Errorf("%v %v", h, p)
	}
	for _, id := range []string{evil, "", "a b@c", "<a@b>"} {
		l.MessageID = id
		if _, err := Compose(l); fault.Of(err) != fault.Never || !errors.Is(err, errLetter) {
			t.Errorf("Message-ID %q: %v", id, err)
		}
	}
	for _, addr := range []string{evil, "ivan", "@b.ru", "a@", "a@b.ru, c@d.ru", "a@b.ru\r\nBcc: c@d.ru",
		"a@b.ru> SIZE=1", "", "a@b c"} {
		l := letterTo(addr)
		if _, err := Compose(l); fault.Of(err) != fault.Never {
			t.Errorf("address %q: %v", addr, err)
		}
	}
	l = letterTo("ivan@example.org")
	l.Date = time.Time{}
	if _, err := Compose(l); !errors.Is(err, errLetter) {
		t.Errorf("no date: %v", err)
	}
}

func TestComposeWritesDomainsInASCII(t *testing.T) {
	l := letterTo("ivan@почта.рф")
	h, _ := parse(t, compose1(t, l))
	if h.Get("To") != "<ivan@xn--80a1acny.xn--p1ai>" {
		t.Errorf("To: %q", h.Get("To"))
	}
}

func TestReferencesKeepFirstAndLast(t *testing.T) {
	var ids []string
	for i := range 100 {
		ids = append(ids, strings.Repeat("x", 30)+string(rune('a'+i%26))+"@example.org")
	}
	got := references(ids)
	first, last := "<"+ids[0]+">", "<"+ids[99]+">"
	if len(got) > 1500 || len(got) < 1400 || !strings.HasPrefix(got, first+" <") || !strings.HasSuffix(got, "> "+last) {
		t.Errorf("%d characters: %q", len(got), got)
	}
	for _, few := range [][]string{nil, {"a@b"}, {"a@b", "c@d"}} {
		want := ""
		if len(few) > 0 {
			want = "<" + strings.Join(few, "> <") + ">"
		}
		if got := references(few); got != want {
			t.Errorf("%q became %q", few, got)
		}
	}
}

func TestBoundariesDependOnTheLetter(t *testing.T) {
	l := letterTo("ivan@example.org")
	a := compose1(t, l)
	l.MessageID = "hd.0.2@example.ru"
	b := compose1(t, l)
	if x, y := boundaryOf(a), boundaryOf(b); x == "" || x == y || strings.Count(string(a), x) != 4 {
		t.Errorf("%q and %q in %s", x, y, a)
	}
}

func boundaryOf(raw []byte) string {
	m := boundary().FindSubmatch(raw)
	if m == nil {
		return ""
	}
	return string(m[1])
}
