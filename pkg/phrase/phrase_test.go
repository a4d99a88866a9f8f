package phrase

import (
	"errors"
	"testing"
)

func TestIn(t *testing.T) {
	texts := map[string]string{"use": "files", "rate": "100 %", "missing": "missing, needed for %s", "user": "%d %s"}
	for want, p := range map[string]Phrase{
		"files":                     Of("use"),
		"100 %":                     Of("rate"),
		"missing, needed for files": Of("missing", Of("use")),
		"7 Anna":                    Of("user", 7, "Anna"),
		"none":                      Of("none", 7),
		"NO 100%s":                  Plain(errors.New("NO 100%s")),
		"Support":                   Of("", "Support"),
	} {
		if got := p.In(texts); got != want {
			t.Errorf("%+v is %q, want %q", p, got, want)
		}
	}
}
