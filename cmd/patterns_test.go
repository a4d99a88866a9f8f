package cmd

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
)

// pkg/config checks the patterns in the settings, because it knows file and line, and pkg/desk checks exclusions.
// pkg/config must not import pkg/desk, so this test compares the two.
func TestPatternsHaveOneJudge(t *testing.T) {
	good := []string{"a@b.ru", "@b.ru", "@*.b.ru", " @B.ru. ", "@b_c.ru", "_a@_b._c.ru", "@*.b_c.ru", "a..b@b.ru",
		"@localhost", "@1-2.ru", "@ab--c.ru",
		"@\u043f\u043e\u0447\u0442\u0430.\u0440\u0444", "@b_c.\u0440\u0444", "@xn--e1afmkfd.xn--p1ai",
		"@" + strings.Repeat("a", 63) + ".ru"}
	bad := []string{"", "b.ru", "@", "a@", "*@b.ru", "a@*.b.ru", "@b ru", "a@b@c.ru", "a b@c.ru", "@*b.ru", "@b..ru",
		"@.b.ru", "@-bad-.ru", "@b-.ru",
		"@xn--zzzzzz99999.ru", "@xn--.ru", "@\u00ad.ru", "@*.", "@*", "@b.ru,c.ru", "@b*.ru", "a\nb@c.ru", "@b!c.ru",
		"@[192.0.2.1]", "@" + strings.Repeat("a", 64) + ".ru",
		"@" + strings.Repeat("a.", 130) + "ru"}
	for text, want := range judged(t, append(good, bad...)) {
		_, err := desk.ParsePattern(text)
		if is := err == nil; is != (want == "") {
			t.Errorf("%q: the rules say %v, the settings %q", text, err, want)
		}
	}
	for text, m := range judged(t, good) {
		if m != "" {
			t.Errorf("%q: %s", text, m)
		}
	}
	for text, m := range judged(t, bad) {
		if m == "" {
			t.Errorf("%q is taken", text)
		}
	}
}

// The two also agree on random patterns.
func TestPatternsHaveOneJudgeOfAnything(t *testing.T) {
	parts := []string{"a", "b", ".", "..", "-", "_", "@", "*", "*.", "xn--", "xn--p1ai", "\u043f", "\u3002", "\u00ad",
		"\u00df", " ", "\"", ",", "1", "ru", "\u05d0", "\t"}
	r := rand.New(rand.NewPCG(1, 2))
	var texts []string
	for range 5000 {
		text := "@"
		for range 1 + r.IntN(6) {
			text += parts[r.IntN(len(parts))]
		}
		texts = append(texts, text[r.IntN(2):])
	}
	for text, m := range judged(t, texts) {
		if _, err := desk.ParsePattern(text); (err == nil) != (m == "") {
			t.Errorf("%q: the rules say %v, the settings %q", text, err, m)
		}
	}
}

// judged returns the mistake that the settings report for each pattern, "" for a good one.
func judged(t *testing.T, patterns []string) map[string]string {
	t.Helper()
	var b strings.Builder
	b.WriteString(strings.NewReplacer("%t", "true", "%s", "1").Replace(strings.Replace(configuration, "auth: %s",
		"auth: none", 1)))
	b.WriteString("mail:\n  exclude:\n")
	said := map[string]string{}
	for _, p := range patterns {
		fmt.Fprintf(&b, "    - {match: %s}\n", quotedYAML(p))
		said[p] = ""
	}
	path := filepath.Join(t.TempDir(), "helpdesk.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) { return "https://portal.example/rest/7/code/", true }
	f, err := config.Open(path)
	if err == nil {
		_, err = f.Load(env)
	}
	var mistakes config.Mistakes
	if err != nil && !errors.As(err, &mistakes) {
		t.Fatal(err)
	}
	for _, m := range mistakes {
		var i int
		if _, err := fmt.Sscanf(m.Key, "mail.exclude[%d].match", &i); err != nil {
			t.Fatal(m)
		}
		said[patterns[i]] = m.Message
	}
	return said
}

// quotedYAML returns the text in YAML's double quotes.
func quotedYAML(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\u00ad", `\u00ad`, "\u3002",
		`\u3002`).Replace(s) + `"`
}
