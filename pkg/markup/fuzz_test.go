package markup

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// allowed are the tags that a letter may contain, with their attributes.
var allowed = map[string]string{
	"p": "style", "b": "", "i": "", "u": "", "s": "", "a": "href style", "br": "", "blockquote": "style",
	"pre": "style",
	"ul":  "style", "ol": "style", "li": "style", "table": "cellpadding cellspacing style", "tr": "",
	"td": "align valign style", "div": "style",
}

var goodAddress = regexp.MustCompile(`^(?i:https?://[^\s/]|mailto:.)`)

// checkLetter fails unless s is balanced, well-formed XML, and contains only allowed tags.
func checkLetter(t *testing.T, s string) {
	t.Helper()
	var open []string
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Fatalf("left open: %v in %q", open, s)
			}
			checkXML(t, s)
			checkNesting(t, s)
			return
		case html.CommentToken, html.DoctypeToken:
			t.Fatalf("comment in %q", s)
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			checkTag(t, tok, s)
			if (kind == html.SelfClosingTagToken) != (tok.Data == "br") {
				t.Fatalf("%v in %q", tok, s)
			}
			if kind == html.StartTagToken {
				open = append(open, tok.Data)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("</%s> closes %v in %q", name, open, s)
			}
			open = open[:len(open)-1]
		}
	}
}

func checkTag(t *testing.T, tok html.Token, s string) {
	t.Helper()
	attrs, ok := allowed[tok.Data]
	if !ok {
		t.Fatalf("tag %s in %q", tok.Data, s)
	}
	for _, a := range tok.Attr {
		if !strings.Contains(" "+attrs+" ", " "+a.Key+" ") {
			t.Fatalf("attribute %s in %q", a.Key, s)
		}
		if a.Key == "href" && !goodAddress.MatchString(a.Val) {
			t.Fatalf("address %q in %q", a.Val, s)
		}
		if a.Key == "style" && !ourStyle(a.Val) {
			t.Fatalf("style %q in %q", a.Val, s)
		}
	}
}

func ourStyle(style string) bool {
	if style == "color:#1a5fb4;text-decoration:underline" {
		return true
	}
	for _, open := range openHTML {
		if strings.Contains(open, `style="`+style+`"`) {
			return true
		}
	}
	return false
}

func checkXML(t *testing.T, s string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader("<div>" + s + "</div>"))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %q", err, s)
		}
	}
}

// checkNesting fails unless a browser builds the same tree from s as its tags describe. A browser moves and closes
// misplaced elements.
func checkNesting(t *testing.T, s string) {
	t.Helper()
	in := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(strings.NewReader(s), in)
	if err != nil {
		if strings.Contains(err.Error(), "512") { // deeper than html.Parse supports
			return
		}
		t.Fatalf("%v in %q", err, s)
	}
	var b strings.Builder
	for _, n := range nodes {
		if err := html.Render(&b, n); err != nil {
			t.Fatal(err)
		}
	}
	if want, got := tagsOf(s), tagsOf(b.String()); want != got {
		t.Fatalf("%q\nis read as\n%q", s, b.String())
	}
}

var anyTag = regexp.MustCompile(`</?[a-z]+`)

// tagsOf returns the tags of s without the parts of tables, which a browser adds.
func tagsOf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.Join(anyTag.FindAllString(s, -1), " "), "<tbody ", ""),
		"</tbody ", "")
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"[B][QUOTE]a[/B][LIST][*]b[/QUOTE]c", "[URL=javascript:x]a[/URL][URL=\"http://a/\"onclick=x]b[/URL]",
		"[TABLE][*][TR][LIST][TD]x[/LIST][/TR]", "--------\n>>a\n--------\n", "[CODE]</pre><script>[/CODE]",
		"&lt;img onerror=x&gt;",
		"[URL]http://a\"'<b>[/URL]", "[IMG]javascript:x[/IMG][CODE][URL][IMG][/CODE]", "\ufffe\x00\xff[b\x01]",
		"http://[::1]/a http://%zz",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkLetter(t, HTML(s))
		if p := Plain(s); !utf8.ValidString(p) || len(p) > 200*len(s)+100 {
			t.Fatalf("%q becomes %q", s, p)
		}
	})
}

// liveTag matches any tag, ours or not.
var liveTag = regexp.MustCompile(`\[/?(\*|[A-Za-z]+[0-9]?)([= ][^\[\]]*)?\]`)

func FuzzBBCode(f *testing.F) {
	for _, r := range readings {
		f.Add(r.html)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := parsed(s).BBCode()
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\x01\x02") || len(got) > 400*len(s)+100 {
			t.Fatalf("%q becomes %q", s, got)
		}
		checkBalanced(t, s, got)
	})
}

// checkBalanced fails unless every live tag is one that letters can become, and is closed.
func checkBalanced(t *testing.T, from, s string) {
	t.Helper()
	count := map[string]int{}
	for _, m := range liveTag.FindAllStringSubmatch(s, -1) {
		switch name := strings.ToUpper(m[1]); {
		case !portalTags[name], name == "*":
		case !strings.Contains(" B I U S QUOTE CODE LIST TABLE TR TD URL ", " "+name+" "):
			t.Fatalf("%s in %q from %q", m[0], s, from)
		case strings.HasPrefix(m[0], "[/"):
			count[name]--
		default:
			count[name]++
		}
	}
	for name, n := range count {
		if n != 0 {
			t.Fatalf("%d [%s] too many in %q from %q", n, name, s, from)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, r := range readings {
		f.Add(r.html)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\x01\x02") || len(got) > 400*len(s)+100 {
			t.Fatalf("%q becomes %q", s, got)
		}
		if strings.Contains(got, "\n\n\n") || strings.TrimRight(got, " \n") != got {
			t.Fatalf("blank lines in %q from %q", got, s)
		}
	})
}

// TestBounded checks the time for inputs that are quadratic if text is read repeatedly.
func TestBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("reads long pages")
	}
	const n = 50000
	for name, s := range map[string]string{
		"nested div":    strings.Repeat("<div>", n) + "x" + strings.Repeat("</div>", n),
		"nested b":      strings.Repeat("<b><i>", n) + "x",
		"nested tables": strings.Repeat("<table><tr><td>x", n), "nested quotes": strings.Repeat("<blockquote>x", n),
		"nested lists": strings.Repeat("<ul><li>x", n),
		"nested links": strings.Repeat("<table><tr><td><a href=http://x.ru>x", n),
		"links":        strings.Repeat(`<a href="http://example.ru/abc">link</a> `, 20000),
		"tags":         strings.Repeat("<", n*4),
		"end tags":     strings.Repeat("</b></td>", n), "signs": strings.Repeat("#a", n*4),
		"brackets":  strings.Repeat("[", n*4),
		"BB nested": strings.Repeat("[QUOTE][B][LIST][*]x", n),
		"BB links":  strings.Repeat("[URL=http://x.ru]x[/URL]", 20000),
		"BB open":   strings.Repeat("[URL][IMG][CODE]", n), "BB arg": strings.Repeat("[URL=", n),
		"BB tables": strings.Repeat("[TABLE][TD]x", n),
		"dashes":    strings.Repeat("-------\n", n), "line signs": strings.Repeat(">>>>>>x\n\n", n),
		"bare":   strings.Repeat("http://x.ru ", n),
		"spaces": strings.Repeat(" \u00a0\n", n*4), "closes": strings.Repeat("[B][/URL]", n),
		"colons": strings.Repeat("http://", n),
	} {
		for dialect, f := range map[string]func(string) string{"Text": Text, "HTML": HTML, "Plain": Plain,
			"Escape": Escape,
			"BBCode": func(s string) string { return parsed(s).BBCode() }} {
			start := time.Now()
			f(s)
			if d := time.Since(start); d > time.Minute { // seconds at most, unless it is quadratic
				t.Errorf("%s of %s: %v", dialect, name, d)
			} else if testing.Verbose() && d > 200*time.Millisecond {
				t.Logf("%s of %s: %v", dialect, name, d)
			}
		}
	}
}
