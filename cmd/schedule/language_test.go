package schedule

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// The comments are in the language of the configuration; the commands do not depend on it.
func TestCommentsInTheConfiguredLanguage(t *testing.T) {
	comment := regexp.MustCompile(`(?m)^(?:#|rem ).*\n`)
	for _, kind := range Kinds {
		printed := map[string]string{}
		for _, language := range []string{"", "ru"} {
			p := packaged()
			p.Foreign, p.Language = true, language
			var b bytes.Buffer
			if err := Print(&b, kind, p); err != nil {
				t.Fatal(err)
			}
			printed[language] = b.String()
			cyrillic := strings.ContainsFunc(b.String(), func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
			if cyrillic != (language == "ru") {
				t.Errorf("%s in %q:\n%s", kind, language, b.String())
			}
			for _, command := range []string{"install -d -o helpdesk", "useradd --system", "chmod 600"} {
				if kind != "windows" && !strings.Contains(b.String(), command) {
					t.Errorf("%s in %q lacks %s", kind, language, command)
				}
			}
		}
		if en, ru := comment.ReplaceAllString(printed[""], ""), comment.ReplaceAllString(printed["ru"], ""); en != ru {
			t.Errorf("%s has other commands:\n%s\nthan\n%s", kind, ru, en)
		}
	}
}
