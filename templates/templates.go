// Package templates contains the built-in texts and data files: everything that people read in letters and on the
// portal, and the word lists for decisions. It contains no code; a user's folder replaces its files one by one.
package templates

import (
	"embed"
	"io/fs"
)

// FS contains the built-in files: layouts, signature, texts by locale, calendars of days off, and data files.
var FS fs.FS = files

//go:embed *.tmpl *.yaml ru en calendars
var files embed.FS
