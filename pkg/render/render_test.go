package render

import (
	"bytes"
	"encoding/xml"
	"flag"
	"html"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/templates"
)

var update = flag.Bool("update", false, "write the golden files anew")

// escape and text stand in for package markup.
func escape(s string) string { return strings.ReplaceAll(s, "[", "[\u200b") }

func text(s string) string {
	s = strings.ReplaceAll(s, "</p>", "\n\n")
	return strings.TrimSpace(html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(s, "")))
}

// sample stands in for package markup, too.
func sample(bbcode string) (html, plain string) {
	plain = regexp.MustCompile(`\[[^\]\n]*\]`).ReplaceAllString(bbcode, "")
	return `<p style="margin:0 0 12px 0">` + plain + "</p>", plain
}

func settings(locale string) Settings {
	return Settings{Locale: locale, Escape: escape, Text: text, Sample: sample, Position: true, QuoteLimit: 500,
		Answering: Answering{Send: "all", Internal: "//", Public: "!"}}
}

func newSet(t testing.TB, s Settings) *Set {
	t.Helper()
	set, err := New(templates.FS, s)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

func TestLetters(t *testing.T) {
	for _, locale := range []string{"ru", "en"} {
		set := newSet(t, settings(locale))
		for _, kind := range kinds {
			r, err := set.Letter(kind, set.Preview(kind))
			if err != nil {
				t.Fatal(err)
			}
			name := locale + "-" + string(kind)
			golden(t, name+".html", r.HTML)
			golden(t, name+".txt", "Subject: "+r.Subject+"\n\n"+r.Text)
			if len(r.HTML) > 30_000 {
				t.Errorf("%s: %d bytes", name, len(r.HTML))
			}
			wellFormed(t, name, r.HTML)
			sameWords(t, name, r)
		}
	}
}

// wellFormed parses a letter as XML, as far as HTML allows.
func wellFormed(t *testing.T, name, letter string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(letter, "<!DOCTYPE html>")))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

var (
	invisible = regexp.MustCompile(`(?s)<head>.*</head>|<!--.*?-->|<div style="display:none.*?</div>`)
	word      = regexp.MustCompile(`[\p{L}\p{N}]+`)
)

// sameWords checks that the text part says the same as the HTML part: filters score letters whose parts differ.
func sameWords(t *testing.T, name string, r Rendered) {
	t.Helper()
	words := func(s string) string { return strings.Join(word.FindAllString(s, -1), " ") }
	if diff := cmp.Diff(words(text(invisible.ReplaceAllString(r.HTML, ""))), words(r.Text)); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

func TestAutoReplyRepeatsNothing(t *testing.T) {
	set := newSet(t, settings("ru"))
	r, err := set.Letter(desk.Received, Vars{
		Contact: "Купите на http://spam.example", Address: "a@b.ru", Task: 1, Token: "[#1-2]",
		Subject: "XSUBJ\r\nBcc: x@y.z", Quote: []string{"XBODY"}, Comments: []Comment{{Text: "XBODY", HTML: "XBODY"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Re: XSUBJ Bcc: x@y.z [#1-2]"; r.Subject != want {
		t.Errorf("subject %q, want %q", r.Subject, want)
	}
	for _, s := range []string{"XBODY", "spam", "XSUBJ"} {
		if strings.Contains(r.Text, s) || strings.Contains(strings.ReplaceAll(r.HTML, "<title>"+r.Subject, ""), s) {
			t.Errorf("%q in the auto-reply", s)
		}
	}
	if !strings.HasPrefix(r.Text, "Здравствуйте, a@b.ru!\n") {
		t.Errorf("greeting: %q", r.Text)
	}
}

func TestLetterEscapes(t *testing.T) {
	set := newSet(t, settings("en"))
	evil := `<script>x</script>"'`
	r, err := set.Letter(desk.Answer, Vars{
		Contact: "A & B", Subject: evil, Specialist: evil, Mailbox: evil, MailboxFrom: evil, Quote: []string{evil},
		Comments: []Comment{{Name: evil, HTML: "<p>ok</p>", Text: "ok", Files: []string{evil}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(r.HTML, "<script") || !strings.Contains(r.HTML, "A &amp; B") ||
		!strings.Contains(r.HTML, "<p>ok</p>") {
		t.Error(r.HTML)
	}
	wellFormed(t, "evil", r.HTML)
}

func TestSettingsDecide(t *testing.T) {
	s := settings("en")
	s.Position, s.QuoteLimit = false, 10
	set := newSet(t, s)
	r, err := set.Letter(desk.Answer, set.Preview(desk.Answer))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"support engineer", "portal.example.ru", "accounts"} {
		if strings.Contains(r.HTML+r.Text, s) {
			t.Errorf("%q in %s", s, r.Text)
		}
	}
	if !strings.HasSuffix(r.Text, "\n> Hello!\n>\n> The…\n") {
		t.Errorf("quote: %q", r.Text)
	}
	s.PortalLinks, s.QuoteLimit = true, 0
	set = newSet(t, s)
	if r, err = set.Letter(desk.Closed, set.Preview(desk.Closed)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.HTML, `href="https://portal.example.ru/task/3711/"`) ||
		strings.Contains(r.Text, "accounts") {
		t.Error(r.Text)
	}
}

func TestOwnTexts(t *testing.T) {
	s := settings("ru")
	s.Received = LetterText{
		Subject: "Принято: {{.Task}}",
		Body:    "<p>{{template \"greeting\" .}}</p><p>Ваш № <b>{{.Task}}</b></p>",
	}
	s.Signature = "<p>ООО &laquo;{{.Mailbox}}&raquo;</p>"
	// Notepad writes a byte order mark
	over := fstest.MapFS{"ru/closed.text.tmpl": {Data: []byte("\ufeffЗакрыто: {{.Task}}")}}
	set, err := New(Overlay(templates.FS, over), s)
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Letter(desk.Received, set.Preview(desk.Received))
	if err != nil {
		t.Fatal(err)
	}
	if r.Subject != "Принято: 3711" ||
		r.Text != "Здравствуйте, Иван Петрович!\n\nВаш № 3711\n\nООО «Служба поддержки»\n" {
		t.Errorf("%q %q", r.Subject, r.Text)
	}
	if r, err = set.Letter(desk.Closed, set.Preview(desk.Closed)); err != nil ||
		!strings.HasPrefix(r.Text, "Закрыто: 3711\n") {
		t.Errorf("%q %v", r.Text, err)
	}
}

// TestMistakes checks that every mistake in the templates is found when they are parsed, with its place.
func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Settings)
		file   string
		data   string
		want   string
	}{
		"body": {change: func(s *Settings) {
			s.Received.Body = "<p>\n{{.Contct}}</p>"
		}, want: "letters.received.body:2:2: executing"},
		"branch": {change: func(s *Settings) {
			s.Closed.Body = "{{if .Link}}{{if .Date}}{{.Nope}}{{end}}{{end}}"
		}, want: "letters.closed.body:1"},
		"else": {change: func(s *Settings) {
			s.Comment.Subject = "{{if .Subject}}{{else}}{{.Nope}}{{end}}"
		}, want: "letters.comment.subject:1"},
		"signature": {change: func(s *Settings) {
			s.Signature = "{{if}}"
		}, want: "letters.signature:1: missing value for if"},
		"locale": {change: func(s *Settings) {
			s.Locale = "fr"
		}, want: `letters.locale: there are no texts for "fr"`},
		"logo": {change: func(s *Settings) {
			s.Logo = []byte("GIF89a")
		}, want: "letters.logo: not a png, jpeg or gif picture"},
		"escape": {change: func(s *Settings) { s.Escape = nil }, want: "Settings.Escape is missing"},
		"file": {
			file: "en/received.text.tmpl",
			data: "a\nb {{.Foo}}",
			want: "en/received.text.tmpl:2:4: executing",
		},
		"range": {
			file: "en/comment.html.tmpl",
			data: "{{range .Comments}}{{.Foo}}{{end}}",
			want: "en/comment.html.tmpl:1",
		},
		"syntax": {file: "layout.html.tmpl", data: "\n\n{{end}}", want: "layout.html.tmpl:3: unexpected {{end}}"},
		"function": {
			file: "signature.text.tmpl",
			data: "{{shout .Contact}}",
			want: `signature.text.tmpl:1: function "shout" not defined`,
		},
		"note": {
			file: "en/notes.tmpl",
			data: `{{define "late"}}{{if .Task}}{{.Foo}}{{end}}{{end}}`,
			want: "en/notes.tmpl:1",
		},
		"phrase": {file: "en/phrases.tmpl", data: `{{define "date"}}{{end}}`, want: `not defined`},
		"stray": {
			file: "received.html.tmpl",
			data: "x",
			want: "received.html.tmpl: replaces no built-in file; did you mean en/received.html.tmpl?",
		},
		"no ending": {
			file: "en/received.html",
			data: "x",
			want: "en/received.html: replaces no built-in file; did you mean en/received.html.tmpl?",
		},
		"ending": {
			file: "en/received.html.tmpl.txt",
			data: "x",
			want: "en/received.html.tmpl.txt: replaces no built-in file; did you mean en/received.html.tmpl?",
		},
		"both": {
			file: "received.html",
			data: "x",
			want: "received.html: replaces no built-in file; did you mean en/received.html.tmpl?",
		},
		"other": {file: "README", data: "x", want: "README: replaces no built-in file"},
		"cp1251": {
			file: "en/received.html.tmpl",
			data: "<p>\n\xc7\xe4\xf0</p>",
			want: "en/received.html.tmpl:2: is not UTF-8: save the file in that encoding",
		},
		"utf-16": {file: "ru/closed.text.tmpl", data: "\xff\xfea\x00", want: "ru/closed.text.tmpl:1: is not UTF-8"},
		"nul":    {file: "en/closed.text.tmpl", data: "a\x00", want: "en/closed.text.tmpl:1: is not UTF-8"},
		"data": {
			file: "words.yaml",
			data: "thanks:\n- \xf1\xef\xe0\xf1\xe8\xe1\xee\n",
			want: "words.yaml:2: is not UTF-8",
		},
		"open quote": {change: func(s *Settings) {
			s.Received.Body = `<a href="{{.Link}}`
		}, want: "letters.received.body"},
	} {
		s, over := settings("en"), fstest.MapFS{}
		if c.change != nil {
			c.change(&s)
		}
		if c.file != "" {
			over[c.file] = &fstest.MapFile{Data: []byte(c.data)}
		}
		if _, err := New(Overlay(templates.FS, over), s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
}

// Files left behind by editors and systems are no mistakes, nor are pictures.
func TestWhatLiesBesideTemplates(t *testing.T) {
	over := fstest.MapFS{}
	for _, name := range []string{".git/config", "en/.received.html.tmpl.swp", "en/received.html.tmpl~",
		"#signature.html.tmpl#", "en/closed.html.tmpl.bak",
		"logo.PNG", "Thumbs.db", "en/desktop.ini", ".DS_Store"} {
		over[name] = &fstest.MapFile{Data: []byte("{{")}
	}
	if _, err := New(Overlay(templates.FS, over), settings("en")); err != nil {
		t.Error(err)
	}
}

func TestLogo(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 400, 100))); err != nil {
		t.Fatal(err)
	}
	s := settings("en")
	s.Logo, s.LogoType = b.Bytes(), "image/png"
	set := newSet(t, s)
	r, err := set.Letter(desk.Received, set.Preview(desk.Received))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Inline) != 1 || r.Inline[0].Type != "image/png" || r.Inline[0].Name != "logo.png" {
		t.Fatalf("inline: %v", r.Inline)
	}
	if want := `<img src="cid:` + r.Inline[0].ContentID +
		`" width="200" height="50" alt="Support"`; !strings.Contains(r.HTML, want) {
		t.Errorf("no %s in %s", want, r.HTML)
	}
	checkFormats(t)
	s.LogoType = "image/gif"
	if _, err := New(templates.FS, s); err == nil || !strings.Contains(err.Error(), "its content is image/png") {
		t.Error(err)
	}
	s.Logo = make([]byte, biggestLogo+1)
	if _, err := New(templates.FS, s); err == nil || !strings.Contains(err.Error(), "200 kB") {
		t.Error(err)
	}
}

// checkFormats checks that each format is recognised, and that every picture is shown within bounds.
func checkFormats(t *testing.T) {
	t.Helper()
	tall := image.NewPaletted(image.Rect(0, 0, 60, 240), color.Palette{color.White, color.Black})
	for mime, encode := range map[string]func(io.Writer) error{
		"image/png":  func(w io.Writer) error { return png.Encode(w, tall) },
		"image/jpeg": func(w io.Writer) error { return jpeg.Encode(w, tall, nil) },
		"image/gif":  func(w io.Writer) error { return gif.Encode(w, tall, nil) },
	} {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(err)
		}
		s := settings("ru")
		s.Logo = b.Bytes()
		set := newSet(t, s)
		r, err := set.Letter(desk.Closed, set.Preview(desk.Closed))
		if err != nil || len(r.Inline) != 1 || r.Inline[0].Type != mime ||
			!strings.Contains(r.HTML, `width="20" height="80"`) {
			t.Errorf("%s: %v, %v", mime, r.Inline, err)
		}
	}
}

func TestPosts(t *testing.T) {
	customer := desk.Address{Name: "Иван [B]Петров", Addr: "ivan@example.ru"}
	many := make([]desk.Address, 22)
	for i := range many {
		many[i].Addr = "x@y.ru"
	}
	for _, locale := range []string{"ru", "en"} {
		set := newSet(t, settings(locale))
		var b strings.Builder
		for _, form := range forms {
			p := desk.Post{
				Form: form, Marker: "hd-0123456789abcdef", From: customer,
				At:      time.Date(2024, 3, 12, 10, 0, 0, 0, time.UTC),
				Notes:   []desk.Note{{Key: "late", Task: 17}, {Key: "nobody-knows", Detail: "[x]"}},
				Missing: []string{"a.pdf", "[b].zip"}, Answers: true,
			}
			v := PostVars{
				Body: "Не печатает [B]принтер[/B].\n",
				To:   []desk.Address{{Name: "Support", Addr: "s@example.ru"}},
				Cc:   many,
			}
			v.Cause = "550 5.1.1\nuser unknown"
			title, text, err := set.Post(p, v)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString("=== " + string(form) + ": " + title + "\n" + text + "\n")
		}
		golden(t, locale+"-posts.txt", b.String())
	}
}

// A new task says how to answer, unless nobody would get the answer or the template is empty.
func TestHint(t *testing.T) {
	for _, tt := range []struct {
		name    string
		send    string
		hint    fs.FS
		answers bool
		want    string
	}{
		{"all", "all", nil, true, "begin it with \"//\""},
		{"marked", "marked", nil, true, "begin with \"[\u200bb]\""},
		{"results", "results", nil, true, "Only results"},
		{"nobody to answer", "all", nil, false, ""},
		{"emptied", "all", fstest.MapFS{"en/hint.tmpl": {}}, true, ""},
		{"a comment alone", "all", fstest.MapFS{"en/hint.tmpl": {Data: []byte("{{/* none */}}\n")}}, true, ""},
		{
			"another line",
			"all",
			fstest.MapFS{"en/hint.tmpl": {Data: []byte("Write\n{{.Internal}}\n")}},
			true,
			"[I]Write //[/I]",
		},
	} {
		var files fs.FS = templates.FS
		if tt.hint != nil {
			files = Overlay(templates.FS, tt.hint)
		}
		s := settings("en")
		s.Answering = Answering{Send: tt.send, Internal: "//", Public: "[b]"}
		set, err := New(files, s)
		if err != nil {
			t.Fatal(tt.name, err)
		}
		_, text, err := set.Post(desk.Post{Form: desk.FormTask, Answers: tt.answers}, PostVars{Body: "Body"})
		if err != nil || !strings.Contains(text, tt.want) || strings.Contains(text, "[I]") != (tt.want != "") {
			t.Errorf("%s: %q, %v", tt.name, text, err)
		}
	}
}

func TestDates(t *testing.T) {
	at := time.Date(2024, 5, 3, 9, 7, 0, 0, time.UTC)
	for locale, want := range map[string]string{"ru": "3 мая 2024\u00a0г. в 09:07", "en": "3 May 2024 at 09:07"} {
		set := newSet(t, settings(locale))
		if got := set.Date(at); got != want {
			t.Errorf("%s: %q, want %q", locale, got, want)
		}
		if got := set.Date(time.Time{}); got != "" {
			t.Errorf("%s: %q for no time", locale, got)
		}
	}
}

func TestTitle(t *testing.T) {
	set := newSet(t, settings("ru"))
	for in, want := range map[string]string{
		"":                       "Письмо без темы",
		"a\nb":                   "a b",
		strings.Repeat("я", 300): strings.Repeat("я", 249) + "…",
	} {
		if title, _, err := set.Post(desk.Post{
			Form:  desk.FormTask,
			Title: in,
		}, PostVars{}); err != nil || title != want {
			t.Errorf("%q: %q, %v", in, title, err)
		}
	}
}

// TestWhatComesWithTheProgram tries the built-in templates of every language, because a run with Tried does not.
func TestWhatComesWithTheProgram(t *testing.T) {
	found, err := fs.Glob(templates.FS, "*/phrases.tmpl")
	if err != nil || len(found) < 2 {
		t.Fatalf("languages: %q, %v", found, err)
	}
	for _, name := range found {
		newSet(t, settings(path.Dir(name)))
	}
	s := settings("ru")
	s.Tried, s.Received.Body = true, "{{.Nonsense}}"
	if _, err := New(templates.FS, s); err == nil {
		t.Error("a text of the settings is not tried")
	}
}

// counting counts how often each file is read.
type counting struct {
	fs.FS
	reads map[string]int
}

func (c counting) Open(name string) (fs.File, error) {
	c.reads[name]++
	return c.FS.Open(name)
}

// The texts that all others may use are read and parsed once as text and once as HTML.
func TestSharedTextsAreParsedOnce(t *testing.T) {
	files := counting{templates.FS, map[string]int{}}
	if _, err := New(files, settings("ru")); err != nil {
		t.Fatal(err)
	}
	// some only look whether it exists
	for name, most := range map[string]int{"ru/phrases.tmpl": 6, "ru/post-parts.tmpl": 3} {
		if n := files.reads[name]; n < 1 || n > most {
			t.Errorf("%s is read %d times", name, n)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(templates.FS, settings("ru")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLetter measures the rendering of a letter of each kind.
func BenchmarkLetter(b *testing.B) {
	set := newSet(b, settings("ru"))
	for _, kind := range kinds {
		b.Run(string(kind), func(b *testing.B) {
			b.ReportAllocs()
			v := set.Preview(kind)
			for b.Loop() {
				if _, err := set.Letter(kind, v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
