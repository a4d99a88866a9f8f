package eml

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the figures of docs/mail.md anew")

// TestFigures measures what the reading gets right, and holds the page against it:
//
//	go test ./pkg/eml ./pkg/desk -run Figures -v
func TestFigures(t *testing.T) {
	rows := parsed(t)
	rows[0].what = "letters of the parse corpus that are read"
	rows = append(rows, measured{what: "letters of the tolerate corpus that are read", got: tolerated(t)},
		measured{what: "exact quote cuts, of the quotes corpus", got: trimmed(t)})
	var b strings.Builder
	b.WriteString("| reading | right | of | |\n|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %d | %d | %.1f %% |\n", r.what, r.got.right, r.got.of, r.got.percent())
	}
	t.Logf("\n%s", b.String())
	holdPage(t, "reading", b.String())
}

// holdPage holds the part of the page between two markers against what was measured.
func holdPage(t *testing.T, name, want string) {
	t.Helper()
	const page = "../../docs/mail.md"
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(raw), "<!-- "+name+" -->\n")
	got, after, ok2 := strings.Cut(rest, "<!-- end -->\n")
	switch {
	case !ok1 || !ok2:
		t.Fatalf("%s: no section %s", page, name)
	case got == want:
	case *update:
		if err := os.WriteFile(page, []byte(before+"<!-- "+name+" -->\n"+want+"<!-- end -->\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s, section %s (-update renews it):\n%s\nmeasured:\n%s", page, name, got, want)
	}
}
