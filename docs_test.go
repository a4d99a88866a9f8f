package main

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the pages anew")

// figures maps each section of docs/mail.md between <!-- name --> and <!-- end --> to the golden file that its package
// writes.
var figures = map[string]string{
	"reading":   "pkg/eml/testdata/figures.golden",
	"cutting":   "pkg/quote/testdata/figures.golden",
	"automatic": "pkg/desk/testdata/figures.golden",
}

// TestFiguresOfMail compares docs/mail.md with the packages' figures; -update writes the page.
func TestFiguresOfMail(t *testing.T) {
	const page = "docs/mail.md"
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for name, golden := range figures {
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, found := strings.Cut(text, "<!-- "+name+" -->\n")
		got, after, ended := strings.Cut(rest, "<!-- end -->\n")
		if !found || !ended {
			t.Fatalf("%s has no section %s", page, name)
		}
		if got != string(want) && !*update {
			t.Errorf("%s, section %s (-update renews it):\n%s\nmeasured:\n%s", page, name, got, want)
		}
		text = before + "<!-- " + name + " -->\n" + string(want) + "<!-- end -->\n" + after
	}
	if *update && text != string(raw) {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
