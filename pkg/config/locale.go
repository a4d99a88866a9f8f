package config

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Auto is the locale of letters that are written in the customer's language.
const Auto = "auto"

// localeFile marks a folder of texts: it has the rules to recognise the language.
const localeFile = "language.yaml"

// House returns the locale of what specialists read, and of letters to customers whose language is unknown.
func (l Letters) House() string {
	if l.Locale == Auto {
		return l.DefaultLocale
	}
	return l.Locale
}

// Locales returns the languages of all texts: built in, and in the folder of templates.
func (c *Config) Locales() (names []string) {
	for _, files := range c.files() {
		found, _ := fs.Glob(files, "*/"+localeFile) // the only error is a bad pattern
		for _, f := range found {
			names = append(names, path.Dir(f))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// languages reports languages that have no texts.
func (d *decoder) languages(key string, l Letters) {
	if d.brokenIn("templates") {
		return
	}
	known := func(name string) bool {
		return slices.ContainsFunc(d.config.files(), func(files fs.FS) bool {
			_, err := fs.Stat(files, path.Join(name, localeFile))
			return err == nil
		})
	}
	list := func() string { return strings.Join(d.config.Locales(), ", ") }
	if _, given := d.places[key+".locale"]; given && l.Locale != Auto && !known(l.Locale) {
		d.once(key+".locale", "there are no texts in that language; there are %s, and %s = the customer's. Another "+
			"one "+
			"needs a folder among the templates that has a %s", list(), Auto, localeFile)
	}
	if _, given := d.places[key+".default_locale"]; given && !known(l.DefaultLocale) {
		d.once(key+".default_locale", "there are no texts in that language; there are %s", list())
	}
}
