// Package tui holds the rules of the terminal: stdout is the product, stderr the diagnosis, and success is silent
// unless somebody looks.
package tui

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/glyph"
)

// Terminal is where a command reads, prints and complains.
type Terminal struct {
	In        io.Reader
	Out       io.Writer
	Err       io.Writer
	Watched   bool       // Out is a terminal
	Columns   func() int // of the terminal that Err is; nil = it is none
	Verbose   int        // how much the user wants to be told
	LogFormat string     // auto, text, json or "": as the settings say

	// Repeated reports whether a warning was printed not long ago, so that it is not printed now; nil = none was.
	Repeated func(line string) bool

	failures *failures
}

// New returns the terminal of a process.
func New(in io.Reader, out, errw io.Writer) Terminal {
	return Terminal{In: in, Out: out, Err: errw, Watched: isTerminal(out), Columns: columns(errw)}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columns returns what tells how many columns a terminal has, nil where w is none.
func columns(w io.Writer) func() int {
	if !isTerminal(w) {
		return nil
	}
	return func() int {
		width, _, err := term.GetSize(int(w.(*os.File).Fd()))
		if err != nil || width <= 0 {
			return 80
		}
		return width
	}
}

// Chatty reports whether a person wants to read that all went well.
func (t *Terminal) Chatty() bool { return t.Watched || t.Verbose > 0 }

// Printf prints the product.
func (t *Terminal) Printf(format string, args ...any) { fmt.Fprintf(t.Out, format, args...) }

// JSON prints a value for programs.
func (t *Terminal) JSON(v any) error {
	e := json.NewEncoder(t.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// Table prints rows in columns.
func (t *Terminal) Table(head []string, rows [][]string) error {
	w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	if t.Watched || len(head) > 0 {
		fmt.Fprintln(w, strings.Join(head, "\t"))
	}
	for _, row := range rows {
		for i := range row {
			row[i] = glyph.Line(row[i])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// Consent asks a person to go on, where there is one; elsewhere a flag must say so.
func (t *Terminal) Consent(question, flag string) error {
	f, ok := t.In.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return exit.Usage(fmt.Errorf("nobody can be asked here: say %s", flag))
	}
	fmt.Fprintf(t.Err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(t.In).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return exit.Usage(errors.New("nothing was made"))
}

// When returns a local time, - for none.
func When(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// Yes returns yes or no.
func Yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// Count returns a number and its noun: 1 task, 2 tasks.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
