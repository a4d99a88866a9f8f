package cmd

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// paper is the final content of a terminal that understands carriage returns and newlines only.
type paper struct {
	lines  []string
	line   []byte // the current line, not ended yet
	at     int
	widest int
	drawn  []string // lines that were overwritten
}

func (p *paper) Write(b []byte) (int, error) {
	for _, c := range b {
		switch c {
		case '\n':
			p.lines = append(p.lines, strings.TrimRight(string(p.line), " "))
			p.line, p.at = nil, 0
		case '\r':
			p.at = 0
		default:
			if s := p.last(); p.at == 0 && s != "" {
				p.drawn = append(p.drawn, s)
			}
			if p.at == len(p.line) {
				p.line = append(p.line, ' ')
			}
			p.line[p.at] = c
			p.at++
			p.widest = max(p.widest, p.at)
		}
	}
	return len(b), nil
}

// last returns the line with the cursor.
func (p *paper) last() string { return strings.TrimRight(string(p.line), " ") }

// newBar returns a bar on paper, with a clock for the test.
func newBar(columns int) (*bar, *paper, *sandbox.Clock) {
	clock, p := sandbox.NewClock(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)), &paper{}
	return &bar{w: p, columns: func() int { return columns }, now: clock.Now, since: clock.Now()}, p, clock
}

func redraw(b *bar) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.draw()
}

func TestBarLine(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns int
		steps   []int         // letters done, ten seconds apart
		later   time.Duration // time since the last step
		want    string
	}{
		{"nothing done", 80, nil, 0, "0/200 [........................................]"},
		{"still nothing", 80, nil, time.Minute, "0/200 [........................................]"},
		{"one step", 80, []int{50}, 0, "50/200 [##########..............................] 5.0 letters/s, 30s left"},
		{
			"and a while",
			80,
			[]int{50},
			4 * time.Second,
			"50/200 [##########..............................] 5.0 letters/s, 26s left",
		},
		{
			"overdue",
			80,
			[]int{50},
			50 * time.Second,
			"50/200 [##########..............................] 0.83 letters/s, 3m0s left",
		},
		{
			"two steps",
			80,
			[]int{50, 150},
			0,
			"150/200 [##############################..........] 7.5 letters/s, 7s left",
		},
		{"all", 80, []int{200}, time.Second, "200/200 [########################################] 20 letters/s"},
		{"narrow", 50, []int{50}, 0, "50/200 [####............] 5.0 letters/s, 30s left"},
		{"no room for a bar", 40, []int{50}, 0, "50/200 5.0 letters/s, 30s left"},
		{"no room for the rest", 20, []int{50}, 0, "50/200 5.0 letters/"},
		{"no room", 1, []int{50}, 0, ""},
	} {
		b, p, clock := newBar(c.columns)
		b.advance(0, 200)
		for _, done := range c.steps {
			clock.Advance(10 * time.Second)
			b.advance(done, 200)
		}
		clock.Advance(c.later)
		redraw(b)
		if got := p.last(); got != c.want || p.widest >= max(c.columns, 1) {
			t.Errorf("%s: %q, want %q; %d characters wide", c.name, got, c.want, p.widest)
		}
		b.end()
		redraw(b) // a late tick
		if got := p.last(); got != "" || len(p.lines) > 0 {
			t.Errorf("%s: %q stays, and lines %q", c.name, got, p.lines)
		}
	}
}

// TestBarIsForWaiting: a few letters that are done soon show no line. If they take longer, the ticker draws the line
// and updates the time left.
func TestBarIsForWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, p, _ := newBar(80)
		b.now, b.since = time.Now, time.Now()
		seen := func() string {
			synctest.Wait()
			b.mu.Lock()
			defer b.mu.Unlock()
			return p.last()
		}
		time.Sleep(soon / 4) // in the time of the synctest bubble
		b.advance(0, 50)
		time.Sleep(soon*3/4 - 1)
		if got := seen(); got != "" {
			t.Errorf("%q within a second", got)
		}
		time.Sleep(19*soon + soon/4 + 1)
		if got := seen(); !strings.HasPrefix(got, "0/50 [") {
			t.Errorf("%q after a second", got)
		}
		b.advance(20, 50)
		for _, want := range []string{"1.0 letters/s, 30s left", "1.0 letters/s, 28s left"} {
			if got := seen(); !strings.HasPrefix(got, "20/50 [") || !strings.HasSuffix(got, want) {
				t.Errorf("%q, want %s", got, want)
			}
			time.Sleep(2 * time.Second)
		}
		b.end()
	})
}

// TestBarStaysBelow: output printed while the line is shown appears above it and complete, even if one line is printed
// in parts.
func TestBarStaysBelow(t *testing.T) {
	b, p, _ := newBar(80)
	out := above{b, p}
	say := func(text string) {
		t.Helper()
		if n, err := io.WriteString(out, text); n != len(text) || err != nil {
			t.Errorf("write: %d, %v", n, err)
		}
	}
	say("before\n")
	if p.last() != "" {
		t.Errorf("%q before anything is found", p.last())
	}
	b.advance(0, 200)
	say("one\n")
	if !strings.HasPrefix(p.last(), "0/200 [") {
		t.Errorf("%q after a line", p.last())
	}
	say("two ")
	b.advance(50, 200)
	if p.last() != "two" {
		t.Errorf("%q after half a line", p.last())
	}
	say("three\n")
	if !strings.HasPrefix(p.last(), "50/200 [") {
		t.Errorf("%q after its other half", p.last())
	}
	b.end()
	say("after\n")
	if got, want := fmt.Sprint(p.lines), "[before one two three after]"; got != want || p.last() != "" {
		t.Errorf("there stands %s and %q, want %s", got, p.last(), want)
	}
}
