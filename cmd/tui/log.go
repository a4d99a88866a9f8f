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

// failures are the lines of the log that say of failures: each stands on stderr once, though it is logged where it
// happens and is what the run ends with.
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

// remembering is the handler of a log that remembers the failures in it.
type remembering struct {
	slog.Handler
	failures *failures
	plain    io.Writer // where a failure that is nothing but a text goes, as one; nil = into the log like all others
	repeated func(string) bool
}

// Handle tells one record.
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

// gist returns what is the same in a warning that is repeated: all but how often something was tried.
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

// WithAttrs and WithGroup keep what they are called on remembering.
func (t remembering) WithAttrs(attrs []slog.Attr) slog.Handler {
	t.Handler, t.plain = t.Handler.WithAttrs(attrs), nil
	return t
}

// WithGroup is what WithAttrs is.
func (t remembering) WithGroup(name string) slog.Handler {
	t.Handler, t.plain = t.Handler.WithGroup(name), nil
	return t
}

// Forget makes the next run complain of what this one has told.
func (t *Terminal) Forget() { t.failures = nil }

// Logger returns the log that the flags and settings ask for; the flags win. With auto, who has not asked for a log is
// told failures like by any other program.
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

// Say prints a line of diagnosis in the form that was chosen; a log gets the arguments, too.
func (t *Terminal) Say(level slog.Level, line string, args ...any) {
	if !t.Formed() {
		fmt.Fprintln(t.Err, exit.Spoken+line)
		return
	}
	t.Logger("", t.LogFormat).Log(context.Background(), level, line, args...)
}

// Hint says what a person who typed the command may want to know; it begins with "helpdesk: ".
func (t *Terminal) Hint(format string, args ...any) {
	t.Say(slog.LevelWarn, strings.TrimPrefix(fmt.Sprintf(format, args...), exit.Spoken))
}

// Formed reports whether all that is said has the form of a log.
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

// Panicked says that a bug ended the run, and where only to those who want to know everything.
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
