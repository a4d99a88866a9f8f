package eml

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestFigures measures the accuracy of parsing. docs/mail.md contains the table:
//
//	go test ./pkg/eml ./pkg/quote ./pkg/desk -run Figures -v
func TestFigures(t *testing.T) {
	rows := append(parsed(t), figure{"letters of the tolerate corpus that are read", tolerated(t), 100})
	table := "| reading | right | of | |\n|---|---|---|---|\n"
	for _, r := range rows {
		table += fmt.Sprintf("| %s | %d | %d | %.1f %% |\n", r.what, r.got.right, r.got.of, r.got.percent())
	}
	t.Logf("\n%s", table)
	const golden = "testdata/figures.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || string(want) != table {
		t.Errorf("%s (-update renews it): %v\n%s", golden, err, want)
	}
}

// corpus returns the files in a corpus that end with ext. HELPDESK_CORPUS names its folder; without it the test is
// skipped.
func corpus(t *testing.T, name, ext string) []string {
	t.Helper()
	root := os.Getenv("HELPDESK_CORPUS")
	if root == "" {
		root = "../../../shared/corpus"
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no corpus of letters: set HELPDESK_CORPUS (%v)", err)
	}
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

// share counts the right results.
type share struct{ right, of int }

// add counts one more result and returns ok.
func (s *share) add(ok bool) bool {
	s.of++
	if ok {
		s.right++
	}
	return ok
}

func (s share) percent() float64 { return 100 * float64(s.right) / float64(max(s.of, 1)) }

// figure is a share with its subject and its minimum in per cent.
type figure struct {
	what  string
	got   share
	floor float64
}
