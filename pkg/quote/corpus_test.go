package quote

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"helpdesk/internal/corpora"
)

var update = flag.Bool("update", false, "write the figures of docs/mail.md anew")

// TestFigures measures how exactly quotes are cut, and holds the page against it.
func TestFigures(t *testing.T) {
	table := corpora.Table("cutting", []corpora.Figure{{What: "exact cuts, of the quotes corpus", Got: trimmed(t)}})
	t.Logf("\n%s", table)
	corpora.HoldPage(t, "cutting", table, *update)
}

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

// floorQuotes is the share of the quotes corpus that Cut must reproduce to the letter, in per cent. Its three forwards
// can't be among them: the corpus cuts forwards, and here they are content.
const floorQuotes = 92

func TestQuotesCorpus(t *testing.T) {
	exact := trimmed(t)
	t.Logf("exact quote cuts: %d of %d, %.1f %%", exact.Right, exact.Of, exact.Percent())
	if exact.Percent() < floorQuotes {
		t.Errorf("%.1f %% exact, the floor is %d %%", exact.Percent(), floorQuotes)
	}
}

// trimmed cuts the letters of the quotes corpus and returns how many came out as it wants them.
func trimmed(t *testing.T) corpora.Share {
	c := cutter(t)
	dir := corpora.Dir(t, "quotes")
	var exact corpora.Share
	for _, f := range corpora.Letters(t, filepath.Join(dir, "emails"), ".txt") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, "trimmed", filepath.Base(f)))
		if err != nil {
			t.Fatal(err)
		}
		kept, quoted := c.Cut(string(text))
		if !exact.Add(strings.TrimSpace(kept) == strings.TrimSpace(string(want))) {
			t.Logf("%s:\n--- kept\n%s\n--- want\n%s\n--- quoted %d", filepath.Base(f), head200(kept), head200(string(want)), len(quoted))
		}
	}
	return exact
}

func head200(s string) string { return s[:min(len(s), 400)] }
