package portal

import (
	"strings"
	"unicode/utf8"

	"helpdesk/pkg/bitrix"
)

// fileName returns a name that Drive takes: without the characters it refuses, at most 200 bytes, its ending kept.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`\/:*?"<>|`, r) {
			return '_'
		}
		return r
	}, bitrix.Clean(name))
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if name == "" {
		return "file"
	}
	if len(name) <= 200 {
		return name
	}
	end := ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= 20 {
		end = name[dot:]
	}
	cut := 200 - len(end)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + end
}
