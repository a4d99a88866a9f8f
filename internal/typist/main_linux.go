// Command typist runs a program on a terminal, and types what a script says when the terminal shows what it waits for.
//
//	go run ./internal/typist SCRIPT PROGRAM ARG...
//
// A line of the script is "expect TEXT" or "type TEXT"; in TEXT, $NAME is a variable of the environment. It prints what
// stood on the terminal, and ends with the program's status.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"helpdesk/internal/terminal"
)

// patience is how long a text may take to appear.
const patience = time.Minute

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: typist SCRIPT PROGRAM ARG...")
		os.Exit(2)
	}
	err := run(os.Args[1], exec.Command(os.Args[2], os.Args[3:]...))
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		os.Exit(ended.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, "typist:", err)
		os.Exit(1)
	}
}

func run(script string, c *exec.Cmd) error {
	lines, err := os.ReadFile(script)
	if err != nil {
		return err
	}
	s, err := terminal.Start(c)
	if err != nil {
		return err
	}
	for i, line := range strings.Split(string(lines), "\n") {
		if err := act(s, line); err != nil {
			s.Kill()
			_ = s.Wait()
			fmt.Println(s.Seen())
			return fmt.Errorf("%s:%d: %w", script, i+1, err)
		}
	}
	err = s.Wait()
	fmt.Println(strings.ReplaceAll(s.Seen(), "\r\n", "\n"))
	return err
}

// act does what a line of a script says.
func act(s *terminal.Session, line string) error {
	what, text, _ := strings.Cut(line, " ")
	switch text = os.ExpandEnv(text); what {
	case "expect":
		return s.Expect(text, patience)
	case "type":
		return s.Type(text)
	case "", "#":
		return nil
	}
	return fmt.Errorf("unknown: %s", what)
}
