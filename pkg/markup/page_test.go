package markup

import (
	"runtime"
	"strings"
	"testing"

	"helpdesk/pkg/tags"
)

func parsed(html string) *Page { return Parse(tags.Read(html)) }

// TestTruncated checks that a page with very many elements uses little memory, is reported as truncated, and shows it.
func TestTruncated(t *testing.T) {
	rows := func(n int) string { return "<table>" + strings.Repeat("<tr><td>w<td>w</tr>", n) + "</table>" }
	if p := parsed(rows(15000)); p.Truncated() || strings.Count(p.BBCode(), "[TR]") != 15000 ||
		strings.Contains(p.Text(), "…") {
		t.Errorf("15000 rows: %d, truncated %v", strings.Count(p.BBCode(), "[TR]"), p.Truncated())
	}
	html := rows(60000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	p := parsed(html)
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("60000 rows: %d KiB held, %d KiB allocated", held>>10, (after.TotalAlloc-before.TotalAlloc)>>10)
	if held > 16<<20 {
		t.Errorf("60000 rows hold %d MiB", held>>20)
	}
	code, text := p.BBCode(), p.Text()
	if !p.Truncated() || strings.Count(code, "[TR]") < 15000 || !strings.HasSuffix(code, "\n\n…") ||
		!strings.HasSuffix(text, "\n\n…") {
		t.Errorf("truncated %v: %d rows, BBCode ends %q, text %q", p.Truncated(), strings.Count(code, "[TR]"),
			code[len(code)-40:], text[len(text)-20:])
	}
	checkBalanced(t, "60000 rows", code)
}
