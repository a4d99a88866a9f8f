package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// Keyboard asks a person at a terminal.
type Keyboard struct {
	in  *os.File
	out io.Writer
}

// Keyboard returns the person at the terminal; false if In or Out is not a terminal.
func (t *Terminal) Keyboard() (*Keyboard, bool) {
	in, ok := t.In.(*os.File)
	if !ok || !t.Watched || !term.IsTerminal(int(in.Fd())) {
		return nil, false
	}
	return &Keyboard{in: in, out: t.Out}, true
}

// Line prints a prompt and returns the typed line. The end of the context ends the wait.
func (k *Keyboard) Line(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(k.out, prompt)
	return begin(func() (string, error) { return line(k.in) }).wait(ctx)
}

// Hidden is Line without echo. The prompt appears after the echo is off, because a person may type at once.
func (k *Keyboard) Hidden(ctx context.Context, prompt string) (string, error) {
	fd := int(k.in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	r := begin(func() (string, error) { raw, err := term.ReadPassword(fd); return string(raw), err })
	r.changed(fd, before)
	fmt.Fprint(k.out, prompt)
	text, err := r.wait(ctx)
	if ctx.Err() != nil { // ReadPassword still runs, with the echo off
		_ = term.Restore(fd, before)
	}
	fmt.Fprintln(k.out)
	return text, err
}

// reading is a read from the terminal that has begun.
type reading struct {
	done chan struct{}
	text string
	err  error
}

func begin(read func() (string, error)) *reading {
	r := &reading{done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.text, r.err = read()
	}()
	return r
}

// wait returns the result, or the error of the context if it ends first.
func (r *reading) wait(ctx context.Context) (string, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-r.done:
		return r.text, r.err
	}
}

// changed waits until the reading has changed the state of the terminal. It waits for about a second, because a
// terminal without echo does not change.
func (r *reading) changed(fd int, before *term.State) {
	for range 1000 {
		if now, err := term.GetState(fd); err != nil || *now != *before {
			return
		}
		select {
		case <-r.done:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// line reads a line byte by byte, so that input typed ahead is left for the next question.
func line(r io.Reader) (string, error) {
	var text []byte
	one := make([]byte, 1)
	for {
		n, err := r.Read(one)
		if n > 0 && one[0] == '\n' {
			return string(text), nil
		}
		if n > 0 {
			text = append(text, one[0])
		}
		if err != nil {
			if errors.Is(err, io.EOF) && len(text) > 0 {
				return string(text), nil
			}
			return "", err
		}
	}
}
