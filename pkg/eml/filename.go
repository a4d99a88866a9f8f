package eml

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bestName returns the best of the names given to a file, in order of preference. A complete name wins over one with
// lost characters, and one with an extension over one without.
func bestName(names ...string) string {
	best, top := "", -1
	for _, name := range names {
		score := 0
		if isNoName(name) {
			continue
		}
		if !strings.ContainsFunc(name, lost) {
			score += 2
		}
		if hasEnding(name) {
			score++
		}
		if score > top {
			best, top = name, score
		}
	}
	if best == "" { // all names are only extensions
		for _, name := range names {
			if hasEnding(name) {
				return name
			}
		}
	}
	return best
}

// lost reports whether r replaces a character that a program could not encode.
func lost(r rune) bool { return r == '?' || r == utf8.RuneError }

// isNoName reports whether a name consists only of its extension. QUIRK: a program without Cyrillic turns a Cyrillic
// name into "???.pdf".
func isNoName(name string) bool {
	stem := strings.TrimSuffix(name, path.Ext(name))
	return strings.Trim(stem, "?_. \ufffd") == ""
}

// hasEnding reports whether a name has an extension: a dot and a few ASCII letters and digits, with at least one
// letter.
func hasEnding(name string) bool {
	const longest = 6
	ext := strings.TrimPrefix(path.Ext(name), ".")
	return ext != "" && len(ext) <= longest && strings.ContainsFunc(ext, unicode.IsLetter) &&
		!strings.ContainsFunc(ext, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})
}

// madeUp are the stems, without digits, that mail servers use to name unnamed texts.
var madeUp = map[string]bool{"att": true, "noname": true, "unnamed": true, "untitled": true, "mime-attachment": true,
	"part": true,
	"text": true, "body": true, "message": true}

// isMadeUp reports whether a mail server chose the name of a text. QUIRK: Exchange turns a text after a file into
// ATT00001.txt.
func isMadeUp(name string) bool {
	switch path.Ext(strings.ToLower(name)) {
	case ".txt", ".htm", ".html", "":
	default:
		return name == ""
	}
	stem := strings.TrimSuffix(strings.ToLower(name), path.Ext(strings.ToLower(name)))
	return name == "" || madeUp[strings.TrimRight(stem, "0123456789-_. ")]
}
