package glyph

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxFileName bounds a file name, in bytes; file systems allow 255.
const maxFileName = 200

// reserved are the device names of Windows. A file may not have such a name, even with an extension.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true, "clock$": true}

// FileName returns s as a file name that is safe on any system, at most 200 bytes long with its extension. It removes
// characters that have a meaning for Windows, Drive or a shell. It returns "" if nothing is left.
func FileName(s string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case Invisible(r), unicode.Is(unicode.Cf, r) && r != 0x200d, r == 0xfffe, r == 0xffff:
			return -1
		case unicode.IsSpace(r):
			return ' '
		case r < 0x20, r == 0x7f, strings.ContainsRune(`\/<>:"|?*`, r):
			return '_'
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(s, "_")))
	name = strings.Join(strings.Fields(name), " ")
	// Windows drops blanks and dots at the end, which could make two names equal.
	name = strings.TrimRight(name, " .")
	if strings.Trim(name, "._ ") == "" {
		return ""
	}
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	if stem = strings.TrimSpace(stem); reserved[stem] ||
		len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") && stem[3] >= '0' && stem[3] <= '9' {
		name = "_" + name
	}
	return shorten(name)
}

// shorten cuts a name to maxFileName bytes but preserves its extension.
func shorten(name string) string {
	if len(name) <= maxFileName {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	cut := maxFileName - len(ext)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return strings.TrimRight(name[:cut], " .") + ext
}
