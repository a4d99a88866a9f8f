package pass_test

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
)

// TestHeavyRead limits the cost of reading a letter and preparing its texts: 64 MiB of heap, and a time that no real
// letter needs.
func TestHeavyRead(t *testing.T) {
	c := replyCutter(t)
	// Frequent garbage collection makes the heap show what is in use.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	for name, html := range map[string]string{
		"links":      strings.Repeat(`<p><a href="https://example.ru/x?a=1">link</a> text</p>`+"\n", 20000),
		"open tags":  strings.Repeat("<b><i><a href=x>w</a>", 50000),
		"table":      "<table>" + strings.Repeat("<tr><td>w<td>w</tr>", 30000),
		"quotes":     strings.Repeat("<blockquote type=cite>w", 45000),
		"signatures": strings.Repeat("<div>-- </div><div>w</div>\n", 40000),
	} {
		raw := "From: a@b.ru\r\nSubject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html
		var before runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start, done, most := time.Now(), make(chan struct{}), make(chan uint64)
		go func() { most <- watch(done) }()
		if _, err := pass.Read(strings.NewReader(raw), desk.Listing{}, pass.Reading{Cutter: c}); err != nil {
			t.Error(err)
		}
		took := time.Since(start)
		close(done)
		peak := max(<-most, before.HeapInuse) - before.HeapInuse
		t.Logf("%-10s %5.1f MiB %v", name, float64(peak)/(1<<20), took.Round(time.Millisecond))
		if peak > 64<<20 || took > time.Minute {
			t.Errorf("%s: %d MiB in %v", name, peak>>20, took)
		}
	}
}

// watch returns the maximum heap in use until done is closed.
func watch(done chan struct{}) (most uint64) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse)
		select {
		case <-done:
			return most
		case <-tick.C:
		}
	}
}
