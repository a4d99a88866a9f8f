// Package tags reads the tags of HTML as it occurs in mail. It builds no tree of elements and ignores styles.
package tags

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
func Text(page string) string { return Read(page).Text(0, len(page)) }

// EndsLine reports whether a tag ends a line.
func EndsLine(tag string) bool { return block[tag] }
