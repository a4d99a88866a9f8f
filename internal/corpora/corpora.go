// Package corpora finds the letters of other projects, which are not part of this repository, and holds docs/mail.md
// against what is measured with them. It is for tests alone.
package corpora

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dir returns a folder of letters, and skips the test where it is missing. HELPDESK_CORPUS names the folder it is in.
func Dir(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("HELPDESK_CORPUS")
	if root == "" {
		root = "../../../shared/corpus"
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no corpus of letters: set HELPDESK_CORPUS (%v)", err)
	}
	return dir
}

// Letters returns the files below dir whose names end with ext. It fails the test where there are none.
func Letters(t testing.TB, dir, ext string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(p, ext) {
			files = append(files, p)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("list %s: %v (%d files)", dir, err, len(files))
	}
	return files
}

// Share counts what is right of how many.
type Share struct{ Right, Of int }

// Add counts one more and returns ok.
func (s *Share) Add(ok bool) bool {
	s.Of++
	if ok {
		s.Right++
	}
	return ok
}

// Percent returns the share that is right, in per cent.
func (s Share) Percent() float64 { return 100 * float64(s.Right) / float64(max(s.Of, 1)) }

// Figure is one share, what it is of, and what it must not fall below, in per cent.
type Figure struct {
	What  string
	Got   Share
	Floor float64
}

// Table returns figures as a table of Markdown.
func Table(head string, rows []Figure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | right | of | |\n|---|---|---|---|\n", head)
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %d | %d | %.1f %% |\n", r.What, r.Got.Right, r.Got.Of, r.Got.Percent())
	}
	return b.String()
}

// HoldPage compares the part of docs/mail.md between <!-- name --> and <!-- end --> with what was measured. It fails
// the test where they differ, or writes the page where update says so.
func HoldPage(t testing.TB, name, want string, update bool) {
	t.Helper()
	const page = "../../docs/mail.md"
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), "<!-- "+name+" -->\n")
	got, after, ended := strings.Cut(rest, "<!-- end -->\n")
	switch {
	case !found || !ended:
		t.Fatalf("%s has no section %s", page, name)
	case got == want:
	case update:
		text := before + "<!-- " + name + " -->\n" + want + "<!-- end -->\n" + after
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s, section %s (-update renews it):\n%s\nmeasured:\n%s", page, name, got, want)
	}
}
