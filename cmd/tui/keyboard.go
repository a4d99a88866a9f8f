package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Keyboard is a person at a terminal who is asked.
type Keyboard struct {
	in  *os.File
	out io.Writer
}

// Keyboard returns the person who looks at Out and types into In; false where either is no terminal.
func (t *Terminal) Keyboard() (*Keyboard, bool) {
	in, ok := t.In.(*os.File)
	if !ok || !t.Watched || !term.IsTerminal(int(in.Fd())) {
		return nil, false
	}
	return &Keyboard{in: in, out: t.Out}, true
}

// Line prints a prompt and returns the line that is typed. The context ends the waiting.
func (k *Keyboard) Line(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(k.out, prompt)
	return k.wait(ctx, func() (string, error) { return line(k.in) })
}

// Hidden is Line for what nobody may see.
func (k *Keyboard) Hidden(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(k.out, prompt)
	fd := int(k.in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	text, err := k.wait(ctx, func() (string, error) { raw, err := term.ReadPassword(fd); return string(raw), err })
	if ctx.Err() != nil { // it is still reading, with the echo off
		_ = term.Restore(fd, before)
	}
	fmt.Fprintln(k.out)
	return text, err
}

// wait returns what is read, or that the run has ended.
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

// line reads a line byte by byte: what is typed ahead is left for the next question.
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
