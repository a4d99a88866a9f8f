package tui

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/glyph"
)

// failures are the failures that the log has printed. Each appears on stderr once, though the run also ends with it.
type failures struct {
	mu    sync.Mutex
	lines map[string]bool
}

func (t *failures) has(line string) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines[line]
}

// remembering is a log handler that records the failures it prints.
type remembering struct {
	slog.Handler
	failures *failures
	plain    io.Writer // gets a failure that has only a text, as plain text; nil = the log gets it
	repeated func(string) bool
}

// Handle prints a record, unless it is a repeated warning.
func (t remembering) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn && t.repeated != nil && t.repeated(bitrix.Mask(gist(r))) {
		return nil
	}
	t.failures.mu.Lock()
	defer t.failures.mu.Unlock()
	text := ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" && r.Level >= slog.LevelInfo {
			text = bitrix.Mask(r.Message + ": " + a.Value.String())
		}
		return text == ""
	})
	if text == "" {
		return t.Handler.Handle(ctx, r)
	}
	if t.failures.lines == nil {
		t.failures.lines = map[string]bool{}
	}
	for _, line := range strings.Split(text, "\n") {
		t.failures.lines[line] = true
	}
	if t.plain == nil || r.NumAttrs() > 1 {
		return t.Handler.Handle(ctx, r)
	}
	_, err := fmt.Fprintln(t.plain, exit.Spoken+text)
	return err
}

// gist returns the part of a warning that its repetitions share: everything but the number of the try.
func gist(r slog.Record) string {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "try" {
			line += " " + a.String()
		}
		return true
	})
	return line
}

// WithAttrs returns a handler that also remembers.
func (t remembering) WithAttrs(attrs []slog.Attr) slog.Handler {
	t.Handler, t.plain = t.Handler.WithAttrs(attrs), nil
	return t
}

// WithGroup returns a handler that also remembers.
func (t remembering) WithGroup(name string) slog.Handler {
	t.Handler, t.plain = t.Handler.WithGroup(name), nil
	return t
}

// Forget lets the next run print the failures of this one again.
func (t *Terminal) Forget() { t.failures = nil }

// Logger returns the log that the flags and settings ask for; the flags win. With auto and without -v, failures are
// printed as plain text, as other programs do.
func (t *Terminal) Logger(level, format string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelWarn
	}
	switch {
	case t.Verbose > 1:
		l = slog.LevelDebug
	case t.Verbose == 1:
		l = min(l, slog.LevelInfo)
	}
	if t.LogFormat != "" {
		format = t.LogFormat
	}
	o := &slog.HandlerOptions{Level: l}
	if t.failures == nil {
		t.failures = &failures{}
	}
	h := remembering{Handler: slog.NewTextHandler(t.Err, o), failures: t.failures, repeated: t.Repeated}
	switch {
	case format == "json":
		h.Handler = slog.NewJSONHandler(t.Err, o)
	case format != "text" && t.Verbose == 0:
		h.plain = t.Err
	}
	return slog.New(h)
}

// Say prints a line on stderr in the chosen form. Only a log shows the arguments.
func (t *Terminal) Say(level slog.Level, line string, args ...any) {
	if !t.Formed() {
		fmt.Fprintln(t.Err, exit.Spoken+line)
		return
	}
	t.Logger("", t.LogFormat).Log(context.Background(), level, line, args...)
}

// Hint prints advice for the person who typed the command.
func (t *Terminal) Hint(format string, args ...any) {
	t.Say(slog.LevelWarn, strings.TrimPrefix(fmt.Sprintf(format, args...), exit.Spoken))
}

// Formed reports whether stderr is in the form of a log.
func (t *Terminal) Formed() bool { return t.LogFormat == "json" || t.LogFormat == "text" }

// Complain prints why the run failed, leaving out what the log has already said.
func (t *Terminal) Complain(err error, code int) {
	text := exit.Text(err)
	said, ours := strings.CutPrefix(text, exit.Spoken)
	for line := range strings.SplitSeq(said, "\n") {
		switch {
		case text == "", t.failures.has(line):
		case ours || t.Formed():
			t.Say(slog.LevelError, line, "status", code)
		default:
			fmt.Fprintln(t.Err, line)
		}
	}
}

// Panicked reports a bug that ended the run, with the stack at -vv. It returns the exit status.
func (t *Terminal) Panicked(p any) int {
	line := "a mistake in the program: " + bitrix.Mask(glyph.Line(fmt.Sprint(p)))
	if t.Verbose > 1 {
		line += "\n" + bitrix.Mask(string(debug.Stack()))
	} else {
		line += "; -vv shows where"
	}
	t.Say(slog.LevelError, line, "status", exit.Failure)
	return exit.Failure
}
