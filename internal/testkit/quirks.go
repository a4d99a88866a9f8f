package testkit

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var testFunc = regexp.MustCompile(`(?m)^func (TestQuirk\w+)\(`)

// Quirks reads the files of the package under test and proves that each QUIRK comment has a test: tests names those of
// a file, in the order of its comments.
func Quirks(t *testing.T, tests map[string][]string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	quirks, written := map[string]int{}, map[string]bool{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			quirks[name] = strings.Count(string(b), "QUIRK:")
			continue
		}
		for _, m := range testFunc.FindAllStringSubmatch(string(b), -1) {
			written[m[1]] = true
		}
	}
	for name, n := range quirks {
		if n != len(tests[name]) {
			t.Errorf("%s has %d quirks and %d tests", name, n, len(tests[name]))
		}
		for _, test := range tests[name] {
			if !written[test] {
				t.Errorf("%s: %s is not written", name, test)
			}
			delete(written, test)
		}
	}
	for test := range written {
		t.Errorf("%s is of no quirk", test)
	}
}
