package cmd

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// bar is the line on a terminal that shows the progress of a pass. It uses carriage returns and spaces only, which
// every terminal understands. A pass that finds few letters and ends soon draws no line.
type bar struct {
	w       io.Writer
	columns func() int // width of the terminal
	now     func() time.Time
	since   time.Time // when the pass began

	mu          sync.Mutex // guards the fields below: letters, the log and the ticker call from different goroutines
	done, total int        // letters
	first, last time.Time  // when the first letter was found, when the last one was done
	shown       int        // characters of the line on the terminal; 0 = no line is shown
	torn        bool       // the last output did not end with a newline: draw nothing over it
	stop        chan struct{}
}

const (
	fewLetters = 50              // one batch of letters
	soon       = time.Second     // a pass that ends sooner gets no line
	redrawn    = time.Second / 2 // the time left counts down between two batches
	widest     = 40              // longest bar, in characters
	narrowest  = 8               // a shorter bar is left out
)

// bar returns a function that draws the progress of a pass, and one that removes the line at the end. Until then,
// output and log lines are printed above the line. advance is nil without a terminal on stderr, or if the output is for
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

// advance records the progress of the pass.
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

// tick redraws the line until stop is closed.
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

// end removes the line for good.
func (b *bar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	if b.total = 0; b.stop != nil {
		close(b.stop)
		b.stop = nil
	}
}

// draw writes the line if there is something to wait for.
func (b *bar) draw() {
	now := b.now()
	if b.total == 0 || b.torn || b.total <= fewLetters && now.Sub(b.since) < soon {
		return
	}
	width := b.columns() - 1 // in the last column some terminals begin a new line
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

// line returns the progress in at most width characters: a narrow terminal shortens the bar first.
func (b *bar) line(now time.Time, width int) string {
	head, tail := fmt.Sprintf("%d/%d", b.done, b.total), b.pace(now)
	if room := min(widest, width-len(head)-len(tail)-len(" [] ")); room >= narrowest {
		full := room * b.done / b.total
		head += " [" + strings.Repeat("#", full) + strings.Repeat(".", room-full) + "]"
	}
	line := strings.TrimSpace(head + " " + tail)
	return line[:max(0, min(len(line), width))]
}

// pace returns the rate and the time left, "" until the first letter is done. Letters are done in batches, so the rate
// is measured up to the last batch. The current time counts only when the next batch is overdue.
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

// above writes to the terminal above the bar.
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
