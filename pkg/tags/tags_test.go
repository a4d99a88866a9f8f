package tags

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestText(t *testing.T) {
	for _, tt := range []struct{ name, page, want string }{
		{"plain", "<p>Касса</p>", "Касса"},
		{"style and script", "<style>p{}</style><script>if (a<b) x()</script><title>T</title><p>Касса", "Касса"},
		{"QUIRK self-closed", "<html><head><title/><style/><script src=x /></head><body>Касса", "Касса"},
		{"QUIRK self-closed frames", "<iframe src=x/>Касса<textarea/> стоит", "Касса стоит"},
		{"QUIRK unclosed style", "<style>p{margin:0}<body><p>Касса</p>", "Касса"},
		{"QUIRK unclosed style, another behind", "<style>p{}<p>Касса</p><style>b{}</style> стоит", "Касса стоит"},
		{"QUIRK unclosed title", "<title>T<body>Касса<svg><title>x</title></svg>", "Касса"},
		{"QUIRK unclosed script", "<script>f()<p>Касса", "Касса"},
		{"a script that writes", "<script>w('<p>no</p>')</script>Касса", "Касса"},
		{"a style sheet in a comment", "<style><!-- p{} --></style>Касса", "Касса"},
		{"a picture in a style sheet", "<style>a{b:url('data:image/svg+xml,<svg></svg>')}</style>Касса", "Касса"},
		{"no scripts", "<noscript>Касса</noscript><noframes><p>стоит</noframes>", "Касса\nстоит"},
		{"QUIRK unclosed comment", "<p>Касса<!-- стоит <b>час</b>", "Касса стоит час"},
		{"comments", "<!-- a --><p>Касса<!--b-->", "Касса"},
		{"QUIRK unclosed attribute", "<a href=\"http://x>Касса</a> стоит", "Касса стоит"},
		{"a stray end", "Касса</style> стоит</title>", "Касса стоит"},
		{"an end in capitals", "<STYLE>p{}</STYLE >Касса", "Касса"},
		{"text", "<textarea>a <b> Касса</textarea>", "a <b> Касса"},
		{"nothing", "", ""},
	} {
		got := strings.Join(strings.Fields(Text(tt.page)), " ")
		if want := strings.Join(strings.Fields(tt.want), " "); got != want {
			t.Errorf("%s: %q, want %q", tt.name, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"<style>", "<title/>x", "<!--<!--", "<a b=\"", "</", "<textarea>x</textarea",
		"<script></scriptx>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, page string) {
		if got := Text(page); len(got) > 4*len(page) {
			t.Errorf("%d bytes of %d", len(got), len(page))
		}
	})
}

// tagName returns what TagName returns.
func TestTagIsTagName(t *testing.T) {
	for _, page := range []string{"<p>", "<P\n>", "</TaBle >", "<br/>", "<x-y:z a=b>", "<p\x01>", "<p\x00>", "<div\f/>",
		"<o:p\tx>", "<ЖУК>", "<a\xff>", "<" + strings.Repeat("a", 40) + ">", "<" + strings.Repeat("b", 32) + " c>",
		"<p<b>", "</p", "<\u212abd>", "<h1\r\nclass=x>"} {
		one, other := newReader(page), newReader(page)
		for tt := one.Next(); tt != html.ErrorToken; tt = one.Next() {
			if tt != other.Next() {
				t.Fatalf("%q: the readers differ", page)
			}
			switch tt {
			case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
				name, _ := other.TagName()
				if got := tagName(page[one.from:one.to]); got != string(name) {
					t.Errorf("%q: %q, want %q", page, got, name)
				}
			}
		}
	}
}

// decoded returns what the tokenizer's Text returns.
func TestTextIsTheTokenizers(t *testing.T) {
	for _, page := range []string{"a&amp;b", "a\r\nb\rc", "a\x00b", "Касса", "<textarea>a&lt;b</textarea>c",
		"\xff", "a<b", "a<", "<script/>a&nbsp;b", "&amp", "<style>x<p>y"} {
		one, other := newReader(page), newReader(page)
		for tt := one.Next(); tt != html.ErrorToken; tt = one.Next() {
			if other.Next(); tt == html.TextToken {
				if got, want := decoded(page[one.from:one.to]), string(other.Text()); got != want {
					t.Errorf("%q: %q, want %q", page, got, want)
				}
			}
		}
	}
}
