package wire

import (
	_ "embed"
	"strings"
	"testing"
)

//go:embed testdata/logins.txt
var logins string

// TestBusy distinguishes refusals that pass by themselves from those that need a person, in the words of many servers.
func TestBusy(t *testing.T) {
	n := 0
	for line := range strings.Lines(logins) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		want, words, _ := strings.Cut(strings.TrimSpace(line), " ")
		words = strings.TrimSpace(words)
		for _, w := range []string{words, strings.ToLower(words), strings.ToUpper(words)} {
			if Busy(w) != (want == "busy") {
				t.Errorf("%s\nbusy: %v", w, Busy(w))
			}
		}
		n++
	}
	if n < 80 {
		t.Errorf("%d answers", n)
	}
}
