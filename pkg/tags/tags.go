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
	r := newReader(page)
	var out strings.Builder
	for {
		switch r.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(out.String())
		case html.TextToken:
			out.WriteString(r.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			if block[tagName(r.page[r.from:r.to])] {
				out.WriteByte('\n')
			}
		}
	}
}

// EndsLine reports whether a tag ends a line.
func EndsLine(tag string) bool { return block[tag] }
