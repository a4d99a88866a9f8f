package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"golang.org/x/term"
)

// The rules of the terminal: stdout is the product, stderr the diagnosis; success is silent unless somebody looks.

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// screen returns what tells how many columns a terminal has, nil where w is none.
func screen(w io.Writer) func() int {
	if !isTerminal(w) {
		return nil
	}
	return func() int {
		columns, _, err := term.GetSize(int(w.(*os.File).Fd()))
		if err != nil || columns <= 0 {
			return 80
		}
		return columns
	}
}

// chatty says whether a person wants to read that all went well.
func (a *app) chatty() bool { return a.terminal || a.verbose > 0 }

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

func (a *app) json(v any) error {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table prints rows in columns.
func (a *app) table(head []string, rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	if a.terminal || len(head) > 0 {
		fmt.Fprintln(w, strings.Join(head, "\t"))
	}
	for _, row := range rows {
		for i := range row {
			row[i] = oneLine(row[i])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// oneLine makes text from a letter safe to print: no control character reaches the terminal.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}), " ")
}

func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// short cuts s at n characters.
func short(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
