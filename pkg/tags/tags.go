// Package tags reads the tags of HTML as it occurs in mail. It builds no tree of elements and ignores styles.
package tags

import (
	"strings"

	"golang.org/x/net/html"
)

// block are the tags that end a line.
var block = map[string]bool{
	"p":          true,
	"div":        true,
	"br":         true,
	"tr":         true,
	"li":         true,
	"table":      true,
	"blockquote": true,
	"hr":         true,
	"h1":         true,
	"h2":         true,
	"h3":         true,
}

// Text returns the visible text of a page without formatting.
func Text(page string) string {
	r := NewReader(page)
	var out strings.Builder
	for {
		switch r.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(out.String())
		case html.TextToken:
			out.WriteString(r.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			if block[r.Tag()] {
				out.WriteByte('\n')
			}
		}
	}
}

// EndsLine reports whether a tag ends a line.
func EndsLine(tag string) bool { return block[tag] }

// Walk calls f for every tag and text of a page.
func Walk(page string, f func(tag string, open, text bool, raw string)) {
	r := NewReader(page)
	for {
		switch tt := r.Next(); tt {
		case html.ErrorToken:
			return
		case html.TextToken:
			f("", false, true, r.page[r.from:r.to])
		case html.StartTagToken, html.EndTagToken:
			f(r.Tag(), tt == html.StartTagToken, false, "")
		}
	}
}
