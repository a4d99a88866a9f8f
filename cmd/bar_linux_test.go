package cmd

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdesk/internal/terminal"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// openTerminal opens a pseudo-terminal. It skips the test if there is none.
func openTerminal(t *testing.T, columns int) (program, person *os.File) {
	t.Helper()
	program, person, err := terminal.Open(columns)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	return program, person
}

// watched runs helpdesk as a process whose stderr is a terminal, and also its stdout unless given. It returns what a
// person sees there.
func watched(t *testing.T, r *rig, columns int, stdout io.Writer, args ...string) *paper {
	t.Helper()
	program, person := openTerminal(t, columns)
	seen, over := &paper{}, make(chan struct{})
	go func() {
		_, _ = io.Copy(seen, person) // fails when the last program has closed the terminal
		close(over)
	}()
	c := exec.Command("helpdesk", args...)
	c.Dir, c.Stdout, c.Stderr = r.dir, stdout, program
	if stdout == nil {
		c.Stdout = program
	}
	for name, value := range r.environment() {
		c.Env = append(c.Env, name+"="+value)
	}
	err := c.Run()
	if cerr := program.Close(); err != nil || cerr != nil {
		t.Errorf("helpdesk %v: %v, %v", args, err, cerr)
	}
	<-over
	return seen
}

var (
	step    = regexp.MustCompile(`^\d+/200 \[[#.]+\]`)
	paced   = regexp.MustCompile(`^(50|100|150)/200 \[#+\.+\] [0-9.]+ letters/s, [0-9hms]+ left$`)
	decided = regexp.MustCompile(`^support/\d+  task  new task  .*  auto-reply: yes$`)
	logged  = regexp.MustCompile(`^time=\S+ level=INFO msg=made effect=\S+ .*try=1$`)
)

// TestBarOnATerminal: a backlog shows its progress, rate and time left. Nothing of the line stays, and it does not
// garble other output.
func TestBarOnATerminal(t *testing.T) {
	t.Parallel()
	r, err := newRig(t.TempDir(), sandbox.PortalOptions{},
		"letters: {received: {limit: {per_address: 1000, per_domain: 1000}}}\n")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	arrive := func(firm string) {
		t.Helper()
		for i := range 200 {
			raw := fmt.Sprintf("From: c@firm%d-%s\nTo: support@helpdesk.example\nSubject: Request %d\nDate: "+
				"@DATE@\nMIME-Version: 1.0\n"+
				"Message-ID: <%d@%s>\nContent-Type: text/plain\n\nText.\n", i, firm, i, i, firm)
			if _, err := r.arrive([]byte(raw), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	shows := func(t *testing.T, p *paper) {
		t.Helper()
		if n := len(slices.DeleteFunc(slices.Clone(p.drawn), func(s string) bool {
			return !paced.MatchString(s)
		})); n < 3 {
			t.Errorf("the line is not drawn, or without rate and time left:\n%s", strings.Join(p.drawn, "\n"))
		}
		for _, s := range append(p.lines, p.last()) {
			if step.MatchString(s) {
				t.Errorf("this stays: %q", s)
			}
		}
	}
	count := func(p *paper, what *regexp.Regexp) (n int) {
		for _, s := range p.lines {
			if what.MatchString(s) {
				n++
			}
		}
		return n
	}
	summed := func(t *testing.T, p *paper) {
		t.Helper()
		if p.last() != "" || !strings.HasPrefix(p.lines[len(p.lines)-1], "poll: 200 unseen, 200 tasks, ") {
			t.Errorf("it ends with %q and %q", p.lines[len(p.lines)-1], p.last())
		}
	}
	t.Run("dry run", func(t *testing.T) {
		arrive("a.example")
		p := watched(t, r, 90, nil, "poll", "--dry-run")
		if shows(t, p); len(p.lines) != 200 || count(p, decided) != 200 || p.last() != "" {
			t.Errorf("%d lines, %d of them of a message, and %q:\n%s", len(p.lines), count(p, decided), p.last(),
				strings.Join(p.lines, "\n"))
		}
	})
	t.Run("stdout elsewhere", func(t *testing.T) {
		var out bytes.Buffer
		p := watched(t, r, 60, &out, "poll", "--dry-run")
		if shows(t, p); len(p.lines) != 0 || p.last() != "" || p.widest > 59 {
			t.Errorf("lines %q and %q stay of %d characters", p.lines, p.last(), p.widest)
		}
		if len(p.drawn) > 100 {
			t.Errorf("what is printed elsewhere has the line drawn %d times", len(p.drawn))
		}
		if n := strings.Count(out.String(), "\n"); n != 200 || strings.Contains(out.String(), "\r") {
			t.Errorf("%d lines on stdout, want 200 and no carriage return:\n%q", n, out.String())
		}
	})
	t.Run("JSON", func(t *testing.T) {
		if p := watched(t, r, 90, io.Discard, "poll", "--dry-run", "--json"); p.widest > 0 || len(p.lines) > 0 {
			t.Errorf("a program is shown %q and %q", p.drawn, p.lines)
		}
	})
	t.Run("poll", func(t *testing.T) {
		p := watched(t, r, 90, nil, "poll")
		shows(t, p)
		summed(t, p)
		if len(p.lines) != 201 || count(p, decided) != 200 {
			t.Errorf("%d lines, %d of them of a message:\n%s", len(p.lines), count(p, decided),
				strings.Join(p.lines, "\n"))
		}
	})
	t.Run("nothing new", func(t *testing.T) {
		p := watched(t, r, 90, nil, "poll")
		if len(p.drawn) != 0 || len(p.lines) != 1 || !strings.HasPrefix(p.lines[0], "poll: 0 unseen") {
			t.Errorf("drawn %q, printed %q", p.drawn, p.lines)
		}
	})
	t.Run("log", func(t *testing.T) {
		arrive("b.example")
		p := watched(t, r, 90, nil, "poll", "-v")
		shows(t, p)
		summed(t, p)
		if n := count(p, logged); n != 200 || count(p, decided) != 200 {
			t.Errorf("%d tasks are logged, %d messages printed:\n%s", n, count(p, decided), strings.Join(p.lines, "\n"))
		}
	})
	t.Run("pipe", func(t *testing.T) {
		arrive("c.example")
		c := exec.Command("helpdesk", "poll")
		c.Dir = r.dir
		for name, value := range r.environment() {
			c.Env = append(c.Env, name+"="+value)
		}
		if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("in cron %v and %q", err, out)
		}
	})
}
