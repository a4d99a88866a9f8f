// Package tags reads the tags of a page of HTML as letters have them, for whoever needs no tree of elements.
//
// It is no parser: it makes nothing of what it reads but its words.
package tags

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// block are the tags that end a line.
var block = map[string]bool{"p": true, "div": true, "br": true, "tr": true, "li": true, "table": true, "blockquote": true, "hr": true, "h1": true, "h2": true, "h3": true}

// Text returns the visible text of a page, without any care for looks.
func Text(s string) string {
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
			if t := Name(name); hidden == "" && (t == "style" || t == "script" || t == "title") {
				hidden = t
			} else if block[t] {
				out.WriteByte('\n')
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == hidden {
				hidden = ""
			}
		}
	}
}

// EndsLine says whether a tag ends a line.
func EndsLine(tag string) bool { return block[tag] }

// Walk calls f for every tag and text of a page.
func Walk(s string, f func(tag string, open, text bool, raw string)) {
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch tt := z.Next(); tt {
		case html.ErrorToken:
			return
		case html.TextToken:
			f("", false, true, string(z.Raw()))
		case html.StartTagToken, html.EndTagToken:
			name, _ := z.TagName()
			f(Name(name), tt == html.StartTagToken, false, "")
		}
	}
}

// Name returns the name of a tag, without making a string of one that is known.
func Name(name []byte) string {
	if a := atom.Lookup(name); a != 0 {
		return a.String()
	}
	return string(name)
}
