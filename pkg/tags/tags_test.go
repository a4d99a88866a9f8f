package tags

import (
	"strings"
	"testing"
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
