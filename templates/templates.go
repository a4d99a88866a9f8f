// Package templates holds the built-in texts and the data files of the rules: everything a person reads in a letter or
// on the portal, and the word lists decisions go by. It holds no code; a user's folder replaces its files one by one.
package templates

import (
	"embed"
	"io/fs"
)

// FS is the built-in files: layouts and signature, the texts by locale, calendars of days off, and the data files.
var FS fs.FS = files

//go:embed *.tmpl *.yaml ru en calendars
var files embed.FS
