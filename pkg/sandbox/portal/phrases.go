package portal

import (
	_ "embed"
	"strings"
)

//go:embed phrases.txt
var phraseLines string

// phrase returns a text that the portal itself writes into tasks.
func phrase(name string) string {
	for line := range strings.Lines(phraseLines) {
		if k, v, _ := strings.Cut(strings.TrimSpace(line), "="); k == name {
			return v
		}
	}
	return name
}
