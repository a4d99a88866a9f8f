package relay

import (
	_ "embed"
	"errors"
	"regexp"
	"strings"
	"testing"

	"helpdesk/pkg/fault"
)

//go:embed testdata/refusals.txt
var wordings string

// TestWordingsOfServers compares the verdict on many servers' answers with what they are about. It repeats this without
// the answers' codes: then a refusal of us must still not lose the letter, and one of a recipient must not stop all
// letters.
func TestWordingsOfServers(t *testing.T) {
	detail := regexp.MustCompile(`^[245]\.\d+\.\d+ `)
	n := 0
	for line := range strings.Lines(wordings) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.SplitN(strings.Join(strings.Fields(line), " "), " ", 4)
		want, stage, code, msg := f[0], f[1], f[2], strings.ReplaceAll(f[3], " / ", "\n")
		s := &session{letter: envelope{from: "<support@example.ru>", to: "<ivan@example.org>", usual: true}}
		if got := s.about(stage, reply(code, msg)); !fits(want, got) {
			t.Errorf("%s: %s %s\nis about %q, want %q", stage, code, msg, got, want)
		}
		ours := want != "them" && want != string(recipient) && want != string(size) && want != "unknown"
		for _, words := range []string{msg, detail.ReplaceAllString(msg, ""), strings.ToUpper(msg)} {
			err := s.fault(stage, reply(code, words), fault.Unsure)
			if ours && fault.Of(err) != fault.Refused {
				t.Errorf("%s: %s %s\nis lost: %v", stage, code, words, err)
			}
			if !ours && fault.ExtentOf(err) != fault.One {
				t.Errorf("%s: %s %s\nkeeps all: %v", stage, code, words, err)
			}
			if errors.Is(err, fault.ErrTooLarge) != (want == string(size)) {
				t.Errorf("%s: %s %s\ntoo large: %v", stage, code, words, err)
			}
		}
		n++
	}
	if n < 100 {
		t.Errorf("%d answers", n)
	}
}

func fits(want string, got kind) bool {
	switch want {
	case "them":
		return got == recipient || got == unknown
	case "us":
		return got != recipient && got != unknown && got != size && got != someone
	case "unknown":
		return got == unknown
	}
	return got == kind(want)
}
