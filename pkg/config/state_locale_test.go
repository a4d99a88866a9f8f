package config

import (
	"os"
	"path/filepath"
	"testing"
)

// The language is read despite mistakes in other keys and missing variables.
func TestLocale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "helpdesk.yaml")
	for text, want := range map[string]string{
		"letters: {locale: en}\nbitrix24: {webhook: \"${NOWHERE}\"}\n": "en",
		"letters:\n  locale: auto\nnonsense: 1\n":                      "auto",
		"letters:\n  logo: a.png\n":                                    "ru",
		"state: a.db\n":                                                "ru",
		"letters: {locale: \"${LANGUAGE}\"}\n":                         "en",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.Locale(environment("LANGUAGE", "en")); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}
