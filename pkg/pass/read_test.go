package pass_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/quote"
	"helpdesk/templates"
)

var update = flag.Bool("update", false, "write the BBCode that is expected anew")

// blanks matches several blank lines, which remain where a quote was removed.
var blanks = regexp.MustCompile(`\n{3,}`)

// reply is a fixture: a reply as written by a mail program, and its text without the quote.
type reply struct{ plain, html, text, bbcode string }

func readReply(t *testing.T, path string) (r reply, a *txtar.Archive) {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		text := strings.TrimSuffix(string(f.Data), "\n")
		switch f.Name {
		case "plain":
			r.plain = text
		case "html":
			r.html = text
		case "text":
			r.text = text
		case "bbcode":
			r.bbcode = text
		}
	}
	return r, a
}

// mail returns the reply in one form or both.
func (r reply) mail(form string) []byte {
	text := "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + r.plain
	html := "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + r.html
	body := map[string]string{"plain": text, "html": html,
		"both": "Content-Type: multipart/alternative; boundary=b\n\n--b\n" + text + "\n--b\n" + html +
			"\n--b--\n"}[form]
	return []byte(strings.ReplaceAll("From: ivan@romashka.example\nTo: support@helpdesk.example\nSubject: Re: "+
		"Принтер\nMIME-Version: 1.0\n"+body, "\n", "\r\n"))
}

func replyCutter(t *testing.T) *quote.Cutter {
	t.Helper()
	var quotes quote.Rules
	raw, err := fs.ReadFile(templates.FS, "quotes.yaml")
	if err == nil {
		err = yaml.Unmarshal(raw, &quotes)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := quote.Compile(quotes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReplies checks what remains of replies by programs that are common here, as text, as HTML and as both.
func TestReplies(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/replies/*.txtar")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	c := replyCutter(t)
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			r, archive := readReply(t, path)
			for _, form := range []string{"plain", "html", "both"} {
				m, err := pass.Read(bytes.NewReader(r.mail(form)), desk.Listing{}, pass.Reading{Cutter: c})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(blanks.ReplaceAllString(r.text, "\n\n"),
					blanks.ReplaceAllString(m.Text, "\n\n")); diff != "" {
					t.Errorf("%s: text %s", form, diff)
				}
				const quote = "Здравствуйте, Иван!"
				if !strings.Contains(m.Quoted, quote) || !strings.Contains(m.FullText, quote) ||
					!strings.Contains(m.FullCode, quote) {
					t.Errorf("%s: the quote is lost: %q", form, m.Quoted)
				}
				switch {
				case form != "html":
				case *update:
					archive.Files[3].Data = []byte(m.BBCode + "\n")
					if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
						t.Fatal(err)
					}
				case m.BBCode != r.bbcode:
					t.Errorf("BBCode (-update renews it) %s", cmp.Diff(r.bbcode, m.BBCode))
				}
			}
		})
	}
}

// Removing a quote only from the HTML must be noted as well, so that the whole letter is attached.
func TestCutInHTMLAlone(t *testing.T) {
	t.Parallel()
	r := reply{
		plain: "Не работает.",
		html:  `<p>Не работает.</p><div class="gmail_quote"><blockquote class="gmail_quote">Что случилось?</blockquote></div>`,
	}
	m, err := pass.Read(bytes.NewReader(r.mail("both")), desk.Listing{}, pass.Reading{Cutter: replyCutter(t)})
	if err != nil || m.BBCode != "Не работает." || !strings.Contains(m.Quoted, "Что случилось?") {
		t.Errorf("%v: %q, cut %q", err, m.BBCode, m.Quoted)
	}
}

// A screenshot pasted as a data: URL is a file like any other, even inside a quote.
func TestPicturesInThePage(t *testing.T) {
	t.Parallel()
	const img = `<img src="data:image/png;base64,%s">`
	r := reply{html: `<p>Ошибка:</p>` + fmt.Sprintf(img, "iVBORw0K") +
		`<div class="gmail_quote"><blockquote class="gmail_quote">Пришлите снимок ` + fmt.Sprintf(img, "iVBO") +
		`</blockquote></div>`}
	m, err := pass.Read(bytes.NewReader(r.mail("html")), desk.Listing{}, pass.Reading{Cutter: replyCutter(t)})
	if err != nil || m.BBCode != "Ошибка:\n\n(image1.png)" || len(m.Attachments) != 2 || len(m.Degraded) > 0 {
		t.Fatalf("%v: %q, %+v, %v", err, m.BBCode, m.Attachments, m.Degraded)
	}
	if a, b := m.Attachments[0], m.Attachments[1]; a.Name != "image1.png" || !a.Inline || a.Cut || !b.Cut {
		t.Errorf("%+v %+v", a, b)
	}
}
