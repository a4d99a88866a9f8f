package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// table is one of the tables of docs/performance.md.
type table struct {
	title  string
	head   []string
	rows   [][]string
	notes  []string
	missed bool // a goal was missed
}

// results returns an empty table of comparisons and goals.
func results(title string) *table {
	return &table{title: title, head: []string{"measured", "helpdesk", "beside", "its figure", "ratio", "to reach", ""}}
}

// compare adds a ratio of times; most is the goal, 0 = none.
func (t *table) compare(what string, s sample, beside string, other sample, most float64) {
	x := s.ratio(other, wall)
	reach, verdict := t.reached(x, most, times)
	t.row(what, seconds(s.wall()), beside, seconds(other.wall()), times(x), reach, verdict)
	if what != "the same" && other.cpu() > 0 {
		t.note("%s: CPU %s, peak RSS %s; %s: CPU %s, peak RSS %s.", what, seconds(s.cpu()), megabytes(s.rss()), beside,
			seconds(other.cpu()), megabytes(other.rss()))
	}
}

// compareCPU adds a ratio of processor times; most is the goal, 0 = none.
func (t *table) compareCPU(what string, s sample, beside string, other sample, most float64) {
	x := s.ratio(other, cpu)
	reach, verdict := t.reached(x, most, times)
	t.row(what, seconds(s.cpu()), beside, seconds(other.cpu()), times(x), reach, verdict)
}

// count adds a number; most is the goal, 0 = none.
func (t *table) count(what string, n int, beside string, most int) {
	verdict := "reached"
	if n > most {
		verdict, t.missed = fmt.Sprintf("**missed** by %d", n-most), true
	}
	t.row(what, fmt.Sprint(n), beside, "", "", fmt.Sprintf("≤ %d", most), verdict)
}

// reached returns the goal, and by how much it was missed; most 0 = no goal.
func (t *table) reached(x, most float64, spelled func(float64) string) (reach, verdict string) {
	if most == 0 {
		return "–", ""
	}
	t.missed = t.missed || x > most
	return "≤ " + spelled(most), judged(x, most)
}

// weight adds a peak of memory; most is the goal, 0 = none.
func (t *table) weight(what string, s sample, most int64) {
	reach, verdict := t.reached(float64(s.rss()), float64(most), func(x float64) string { return megabytes(int64(x)) })
	t.row(what, megabytes(s.rss()), "", "", "", reach, verdict)
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

func (t *table) write(w io.Writer) {
	fmt.Fprintf(w, "### %s\n\n| %s |\n|%s\n", t.title, strings.Join(t.head, " | "), strings.Repeat("---|", len(t.head)))
	for _, r := range t.rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r, " | "))
	}
	fmt.Fprintln(w)
	for _, n := range t.notes {
		fmt.Fprintf(w, "%s\n\n", n)
	}
}

// sample contains the figures of one program in all rounds.
type sample []figures

func (s *sample) add(f figures) { *s = append(*s, f) }

func wall(f figures) time.Duration { return f.Wall }
func cpu(f figures) time.Duration  { return f.CPU }

func (s sample) wall() time.Duration { return median(s, wall) }

func (s sample) cpu() time.Duration { return median(s, cpu) }

func (s sample) rss() int64 { return median(s, func(f figures) int64 { return f.RSS }) }

// ratio returns the median of the ratios within each round: a disturbed round affects both of its sides.
func (s sample) ratio(to sample, of func(figures) time.Duration) float64 {
	n := min(len(s), len(to))
	all := make([]float64, n)
	for i := range n {
		all[i] = float64(of(s[i])) / float64(of(to[i]))
	}
	return middle(all)
}

func median[N int64 | time.Duration](s sample, of func(figures) N) N {
	all := make([]N, len(s))
	for i, f := range s {
		all[i] = of(f)
	}
	return middle(all)
}

func middle[N int64 | time.Duration | float64 | int](all []N) N {
	if len(all) == 0 {
		return 0
	}
	all = slices.Clone(all)
	slices.Sort(all)
	return all[len(all)/2]
}

func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

func times(x float64) string {
	if x == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f ×", x)
}

// judged says whether x reaches its goal; x 0 = not measured.
func judged(x, most float64) string {
	switch {
	case x == 0:
		return "not measured"
	case x <= most:
		return "reached"
	}
	return fmt.Sprintf("**missed** by %.0f %%", max(1, 100*(x/most-1)))
}

const (
	beginMark = "<!-- measured by go run ./internal/bench -write -->"
	endMark   = "<!-- end of what was measured -->"
)

// insert puts the text between the marks in the file, and creates the file if it is missing.
func insert(file string, text []byte) error {
	old, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.WriteFile(file, spliced(old, text), 0o644)
}

func spliced(old, text []byte) []byte {
	if len(old) == 0 {
		old = []byte("# Performance\n")
	}
	block := []byte(beginMark + "\n\n" + strings.TrimSpace(string(text)) + "\n\n" + endMark)
	from, to := bytes.Index(old, []byte(beginMark)), bytes.Index(old, []byte(endMark))
	if from < 0 || to < from {
		return slices.Concat(bytes.TrimRight(old, "\n"), []byte("\n\n"), block, []byte("\n"))
	}
	return slices.Concat(old[:from], block, old[to+len(endMark):])
}
