// Command typist runs a program on a terminal and types the lines of a script when the expected text appears. It is not
// part of helpdesk.
//
//	go run ./internal/typist SCRIPT PROGRAM ARG...
//
// A line of the script is "expect TEXT" or "type TEXT"; $NAME in TEXT is an environment variable. typist prints the
// output of the terminal and exits with the program's status.
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

// patience is the time within which an expected text must appear.
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

// act executes a line of a script.
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
