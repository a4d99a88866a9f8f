package eml

import (
	"flag"
	"testing"

	"helpdesk/internal/corpora"
)

var update = flag.Bool("update", false, "write the figures of docs/mail.md anew")

// TestFigures measures what the reading gets right, and holds the page against it:
//
//	go test ./pkg/eml ./pkg/quote ./pkg/desk -run Figures -v
func TestFigures(t *testing.T) {
	rows := parsed(t)
	rows[0].What = "letters of the parse corpus that are read"
	rows = append(rows, corpora.Figure{What: "letters of the tolerate corpus that are read", Got: tolerated(t)})
	table := corpora.Table("reading", rows)
	t.Logf("\n%s", table)
	corpora.HoldPage(t, "reading", table, *update)
}
