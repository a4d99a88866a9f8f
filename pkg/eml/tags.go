package eml

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// blockTags end a line.
var blockTags = map[string]bool{"p": true, "div": true, "br": true, "tr": true, "li": true, "table": true, "blockquote": true, "hr": true, "h1": true, "h2": true, "h3": true}

// bareText is the visible text of HTML without any care for looks.
func bareText(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	var out strings.Builder
	hidden := ""
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(out.String())
		case html.TextToken:
			if hidden == "" {
				out.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			if t := tagName(name); hidden == "" && (t == "style" || t == "script" || t == "title") {
				hidden = t
			} else if blockTags[t] {
				out.WriteByte('\n')
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == hidden {
				hidden = ""
			}
		}
	}
}

// walkTags calls f for every tag and text of a page.
func walkTags(s string, f func(tag string, open, text bool, raw string)) {
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch tt := z.Next(); tt {
		case html.ErrorToken:
			return
		case html.TextToken:
			f("", false, true, string(z.Raw()))
		case html.StartTagToken, html.EndTagToken:
			name, _ := z.TagName()
			f(tagName(name), tt == html.StartTagToken, false, "")
		}
	}
}

// tagName returns the name of a tag, without making a string of one that is known.
func tagName(name []byte) string {
	if a := atom.Lookup(name); a != 0 {
		return a.String()
	}
	return string(name)
}
