package quote

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestFigures measures the accuracy of cutting quotes. docs/mail.md contains the table.
func TestFigures(t *testing.T) {
	exact, of := trimmed(t)
	table := fmt.Sprintf("| cutting | right | of | |\n|---|---|---|---|\n| exact cuts, of the quotes corpus | %d | "+
		"%d | %.1f %% |\n", exact, of, percent(exact, of))
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

func percent(n, of int) float64 { return 100 * float64(n) / float64(of) }

func cutter(t testing.TB) *Cutter {
	t.Helper()
	b, err := os.ReadFile("../../templates/quotes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var r Rules
	if err := yaml.UnmarshalWithOptions(b, &r, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	c, err := Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// floorQuotes is the least share of the quotes corpus that Cut reproduces exactly, in per cent. Three forwards always
// fail: the corpus cuts them, and here they are content.
const floorQuotes = 92

func TestQuotesCorpus(t *testing.T) {
	exact, of := trimmed(t)
	t.Logf("exact quote cuts: %d of %d, %.1f %%", exact, of, percent(exact, of))
	if percent(exact, of) < floorQuotes {
		t.Errorf("%.1f %% exact, the floor is %d %%", percent(exact, of), floorQuotes)
	}
}

// trimmed cuts the letters of the quotes corpus and returns how many match the expectation exactly. HELPDESK_CORPUS
// names the folder; without it the test is skipped.
func trimmed(t *testing.T) (exact, of int) {
	c := cutter(t)
	root := os.Getenv("HELPDESK_CORPUS")
	if root == "" {
		root = "../../../shared/corpus"
	}
	dir := filepath.Join(root, "quotes")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no corpus of letters: set HELPDESK_CORPUS (%v)", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "emails", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("list %s: %v (%d files)", dir, err, len(files))
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, "trimmed", filepath.Base(f)))
		if err != nil {
			t.Fatal(err)
		}
		kept, quoted := c.Cut(string(text))
		if strings.TrimSpace(kept) == strings.TrimSpace(string(want)) {
			exact++
			continue
		}
		t.Logf("%s:\n--- kept\n%s\n--- want\n%s\n--- quoted %d", filepath.Base(f), head200(kept),
			head200(string(want)), len(quoted))
	}
	return exact, len(files)
}

func head200(s string) string { return s[:min(len(s), 400)] }
