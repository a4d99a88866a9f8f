package setup

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The languages have the same texts, each with the same verbs.
func TestLanguagesHaveTheSameTexts(t *testing.T) {
	verb := regexp.MustCompile(`%(\[\d\])?[.\d]*[a-z]`)
	en, ru := read(t, "en"), read(t, "ru")
	for _, key := range slices.Sorted(maps.Keys(en)) {
		if _, ok := ru[key]; !ok {
			t.Errorf("%s is missing in Russian", key)
		} else if e, r := verb.FindAllString(en[key], -1), verb.FindAllString(ru[key], -1); !slices.Equal(e, r) {
			t.Errorf("%s: %q in English, %q in Russian", key, e, r)
		}
	}
	for key := range ru {
		if _, ok := en[key]; !ok {
			t.Errorf("%s is missing in English", key)
		}
	}
}

// Each text of check is told somewhere, and what is told has a text.
func TestTextsOfCheck(t *testing.T) {
	key := regexp.MustCompile(`"(check\.[a-z0-9_.]+)"`)
	bare := regexp.MustCompile(`\.say\([^,]+, (?:\w|!|\.|\()+[^,]*, [^,]+,\s+"([^"]+)"|[.]Say\("([^"]+)"`)
	told := map[string]bool{}
	for _, root := range []string{"../check", "../../pkg/portal", "../../pkg/store"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			code, err := os.ReadFile(path)
			for _, m := range key.FindAllSubmatch(code, -1) {
				told[string(m[1])] = true
			}
			for _, m := range bare.FindAllSubmatch(code, -1) {
				if k := string(m[1]) + string(m[2]); !strings.HasPrefix(k, "check.") {
					t.Errorf("%s tells %q, which is no key of a text", path, k)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	texts := read(t, "en")
	for k := range told {
		if _, ok := texts[k]; !ok {
			t.Errorf("%s has no text", k)
		}
	}
	for k := range texts {
		if strings.HasPrefix(k, "check.") && !told[k] {
			t.Errorf("%s is told nowhere", k)
		}
	}
}

func read(t *testing.T, language string) map[string]string {
	t.Helper()
	texts, err := Read(language)
	if err != nil {
		t.Fatal(err)
	}
	return texts.all
}
