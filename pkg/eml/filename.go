package eml

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bestName returns the best of the names a file is given, in the order in which they are believed: one that is whole
// before one with letters lost, one with an ending before one without.
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
	if best == "" { // nothing but an ending
		for _, name := range names {
			if hasEnding(name) {
				return name
			}
		}
	}
	return best
}

// lost reports whether a character stands for one that a program could not write.
func lost(r rune) bool { return r == '?' || r == utf8.RuneError }

// isNoName reports whether nothing of a name is left but its ending. QUIRK: "???.pdf" is what a program for the West
// makes of a name in Cyrillic.
func isNoName(name string) bool {
	stem := strings.TrimSuffix(name, path.Ext(name))
	return strings.Trim(stem, "?_. \ufffd") == ""
}

// hasEnding reports whether a name ends as files do: with a dot and a few letters and digits, letters among them.
func hasEnding(name string) bool {
	const longest = 6
	ext := strings.TrimPrefix(path.Ext(name), ".")
	return ext != "" && len(ext) <= longest && strings.ContainsFunc(ext, unicode.IsLetter) &&
		!strings.ContainsFunc(ext, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})
}

// madeUp are the stems of names that mail servers give to texts that have none, without digits.
var madeUp = map[string]bool{"att": true, "noname": true, "unnamed": true, "untitled": true, "mime-attachment": true,
	"part": true,
	"text": true, "body": true, "message": true}

// isMadeUp reports whether nobody gave a text its name. QUIRK: Exchange makes ATT00001.txt of a text behind a file.
func isMadeUp(name string) bool {
	switch path.Ext(strings.ToLower(name)) {
	case ".txt", ".htm", ".html", "":
	default:
		return name == ""
	}
	stem := strings.TrimSuffix(strings.ToLower(name), path.Ext(strings.ToLower(name)))
	return name == "" || madeUp[strings.TrimRight(stem, "0123456789-_. ")]
}
