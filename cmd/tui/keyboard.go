package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

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
	return k.wait(ctx, func() (string, error) { return line(k.in) })
}

// Hidden is Line without echo.
func (k *Keyboard) Hidden(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(k.out, prompt)
	fd := int(k.in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	text, err := k.wait(ctx, func() (string, error) { raw, err := term.ReadPassword(fd); return string(raw), err })
	if ctx.Err() != nil { // ReadPassword still runs, with the echo off
		_ = term.Restore(fd, before)
	}
	fmt.Fprintln(k.out)
	return text, err
}

// wait returns the result of read, or the error of the context if it ends first.
func (k *Keyboard) wait(ctx context.Context, read func() (string, error)) (text string, err error) {
	done := make(chan struct{})
	var got string
	var failed error
	go func() {
		defer close(done)
		got, failed = read()
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-done:
		return got, failed
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
