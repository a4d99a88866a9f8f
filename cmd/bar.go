package cmd

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// bar is the line on a terminal that says how far a backlog is. It is drawn by carriage returns and spaces alone, which
// every terminal knows, and comes to nothing where a pass finds little and is soon done with it.
type bar struct {
	w       io.Writer
	columns func() int // of the terminal
	now     func() time.Time
	since   time.Time // the pass runs

	mu          sync.Mutex // guards what follows: letters, the log and the clock come from different sides
	done, total int        // letters
	first, last time.Time  // something was found, something was done
	shown       int        // characters of the line on the terminal; 0 = it is not there
	torn        bool       // something was written that is no whole line: nothing may be drawn over it
	stop        chan struct{}
}

const (
	fewLetters = 50              // they are read and made in one go
	soon       = time.Second     // a pass that is over by then is not worth a line
	redrawn    = time.Second / 2 // the time left goes on between two steps
	widest     = 40              // characters of the bar itself
	narrowest  = 8               // with less there is none
)

// bar returns what draws the progress of a pass, and what takes it away at the end. What is printed and logged until
// then is printed above it. The first is nil where there is no terminal to draw on, or the output is meant for
// programs.
func (a round) bar(j job) (advance func(done, total int), end func()) {
	if a.Columns == nil || j.json {
		return nil, func() {}
	}
	b := &bar{w: a.Err, columns: a.Columns, now: a.now, since: a.now()}
	if a.Err = (above{b, a.Err}); a.Watched {
		a.Out = above{b, a.Out}
	}
	return b.advance, b.end
}

// advance takes note of how far the pass is.
func (b *bar) advance(done, total int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.first.IsZero() {
		b.first, b.stop = now, make(chan struct{})
		go b.tick(b.stop)
	}
	if done > b.done {
		b.last = now
	}
	b.done, b.total = done, total
	b.draw()
}

// tick draws the line anew until it is told to stop.
func (b *bar) tick(stop <-chan struct{}) {
	t := time.NewTicker(redrawn)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			b.mu.Lock()
			b.draw()
			b.mu.Unlock()
		}
	}
}

// end takes the line away for good.
func (b *bar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	if b.total = 0; b.stop != nil {
		close(b.stop)
		b.stop = nil
	}
}

// draw writes the line, where there is something to wait for.
func (b *bar) draw() {
	now := b.now()
	if b.total == 0 || b.torn || b.total <= fewLetters && now.Sub(b.since) < soon {
		return
	}
	width := b.columns() - 1 // at the last column some terminals begin a new line
	line := b.line(now, width)
	fmt.Fprintf(b.w, "\r%-*s", min(b.shown, width), line)
	b.shown = len(line)
}

func (b *bar) clear() {
	if b.shown > 0 {
		fmt.Fprintf(b.w, "\r%*s\r", b.shown, "")
		b.shown = 0
	}
}

// line says how far it is in at most width characters: the bar is the first to become shorter.
func (b *bar) line(now time.Time, width int) string {
	head, tail := fmt.Sprintf("%d/%d", b.done, b.total), b.pace(now)
	if room := min(widest, width-len(head)-len(tail)-len(" [] ")); room >= narrowest {
		full := room * b.done / b.total
		head += " [" + strings.Repeat("#", full) + strings.Repeat(".", room-full) + "]"
	}
	line := strings.TrimSpace(head + " " + tail)
	return line[:max(0, min(len(line), width))]
}

// pace says how fast it goes and how long it will take; nothing while nothing is done. Letters are done many at a time:
// by the last step it is judged, and by the clock only when the next one is overdue.
func (b *bar) pace(now time.Time) string {
	took := b.last.Sub(b.first)
	if b.done == 0 || took <= 0 {
		return ""
	}
	left := func() time.Duration { return time.Duration(float64(took) / float64(b.done) * float64(b.total-b.done)) }
	ends := b.last.Add(left())
	if now.After(ends) && b.done < b.total {
		took = now.Sub(b.first)
		ends = now.Add(left())
	}
	rate := float64(b.done) / took.Seconds()
	digits := 0
	for near := rate; near < 10 && digits < 2; near *= 10 {
		digits++
	}
	text := fmt.Sprintf("%.*f letters/s", digits, rate)
	if b.done < b.total {
		text += fmt.Sprintf(", %s left", ends.Sub(now).Round(time.Second))
	}
	return text
}

// above writes to the terminal of a bar, above it.
type above struct {
	b *bar
	w io.Writer
}

func (a above) Write(text []byte) (int, error) {
	a.b.mu.Lock()
	defer a.b.mu.Unlock()
	back := a.b.shown > 0 || a.b.torn
	a.b.clear()
	n, err := a.w.Write(text)
	if a.b.torn = !bytes.HasSuffix(text, []byte("\n")); back {
		a.b.draw()
	}
	return n, err
}
