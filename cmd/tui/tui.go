// Package tui has the rules of the terminal: output goes to stdout, messages to stderr, and success is silent unless a
// person watches. It decides nothing about mail.
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

// Terminal is where a command reads and prints.
type Terminal struct {
	In        io.Reader
	Out       io.Writer
	Err       io.Writer
	Watched   bool       // Out is a terminal
	Columns   func() int // width of the terminal on Err; nil = Err is not a terminal
	Verbose   int        // count of -v
	LogFormat string     // auto, text, json or "" = by the settings

	// Repeated reports whether a warning was printed recently, and so is not printed now; nil = all warnings are
	// printed.
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

// columns returns a function that returns the width of a terminal, nil if w is not a terminal.
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

// Chatty reports whether success should be printed.
func (t *Terminal) Chatty() bool { return t.Watched || t.Verbose > 0 }

// Printf prints output.
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

// Consent asks a person to go on; without a person only a flag can consent.
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

// When formats a time as local time, "-" for the zero time.
func When(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// Yes formats a boolean as yes or no.
func Yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// Count formats a number with its noun: 1 task, 2 tasks.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
