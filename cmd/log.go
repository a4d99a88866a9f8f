package cmd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"

	"helpdesk/pkg/portal"
)

// spoken begins a line for people.
const spoken = "helpdesk: "

// told is what the log has said of failures: each stands on stderr once, though it is logged where it happens and is what the
// run ends with.
type told struct {
	mu    sync.Mutex
	lines map[string]bool
}

func (t *told) has(line string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines[line]
}

// teller is the handler of a log that remembers what it told.
type teller struct {
	slog.Handler
	told  *told
	plain io.Writer // where a failure that is nothing but a text goes, as one; nil = into the log like all others
}

// Handle tells one record.
func (t teller) Handle(ctx context.Context, r slog.Record) error {
	t.told.mu.Lock()
	defer t.told.mu.Unlock()
	text := ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" && r.Level >= slog.LevelWarn {
			text = portal.Mask(r.Message + ": " + a.Value.String())
		}
		return text == ""
	})
	if text == "" {
		return t.Handler.Handle(ctx, r)
	}
	if t.told.lines == nil {
		t.told.lines = map[string]bool{}
	}
	for _, line := range strings.Split(text, "\n") {
		t.told.lines[line] = true
	}
	if t.plain == nil || r.NumAttrs() > 1 {
		return t.Handler.Handle(ctx, r)
	}
	_, err := fmt.Fprintln(t.plain, spoken+text)
	return err
}

// WithAttrs and WithGroup keep it a teller.
func (t teller) WithAttrs(attrs []slog.Attr) slog.Handler {
	t.Handler, t.plain = t.Handler.WithAttrs(attrs), nil
	return t
}

// WithGroup is what WithAttrs is.
func (t teller) WithGroup(name string) slog.Handler {
	t.Handler, t.plain = t.Handler.WithGroup(name), nil
	return t
}

// logger returns the log that the flags and settings ask for; the flags win. With auto, who has not asked for a log is told
// failures like by any other program.
func (a *app) logger(level, format string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelWarn
	}
	switch {
	case a.verbose > 1:
		l = slog.LevelDebug
	case a.verbose == 1:
		l = min(l, slog.LevelInfo)
	}
	if a.logFormat != "" {
		format = a.logFormat
	}
	if a.told == nil {
		a.told = &told{}
	}
	o := &slog.HandlerOptions{Level: l}
	t := teller{Handler: slog.NewTextHandler(a.err, o), told: a.told}
	switch {
	case format == "json":
		t.Handler = slog.NewJSONHandler(a.err, o)
	case format != "text" && a.verbose == 0:
		t.plain = a.err
	}
	return slog.New(t)
}

// say prints a line of diagnosis in the form that was chosen; a log gets the arguments, too.
func (a *app) say(level slog.Level, line string, args ...any) {
	if !a.formed() {
		fmt.Fprintln(a.err, spoken+line)
		return
	}
	a.logger("", a.logFormat).Log(context.Background(), level, line, args...)
}

// hint says what a person who typed the command may want to know; it begins with "helpdesk: ".
func (a *app) hint(format string, args ...any) {
	a.say(slog.LevelWarn, strings.TrimPrefix(fmt.Sprintf(format, args...), spoken))
}

// formed says whether all that is said has the form of a log.
func (a *app) formed() bool { return a.logFormat == "json" || a.logFormat == "text" }

// complain prints what a run failed of, but for what the log has told already.
func (a *app) complain(err error, code int) {
	text := a.explain(err)
	said, ours := strings.CutPrefix(text, spoken)
	for line := range strings.SplitSeq(said, "\n") {
		switch {
		case text == "", a.told.has(line):
		case ours || a.formed():
			a.say(slog.LevelError, line, "status", code)
		default:
			fmt.Fprintln(a.err, line)
		}
	}
}

// panicked says that a bug ended the run, and where only to those who want to know everything.
func (a *app) panicked(p any) int {
	line := "a mistake in the program: " + portal.Mask(oneLine(fmt.Sprint(p)))
	if a.verbose > 1 {
		line += "\n" + portal.Mask(string(debug.Stack()))
	} else {
		line += "; -vv shows where"
	}
	a.say(slog.LevelError, line, "status", exitFailure)
	return exitFailure
}
