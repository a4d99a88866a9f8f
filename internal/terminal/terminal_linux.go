// Package terminal runs a program on a terminal of its own and controls it like a person. It does not interpret escape
// sequences.
package terminal

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Open opens a terminal with the given width. program is the side of the program, person the other side.
func Open(columns int) (program, person *os.File, err error) {
	person, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open terminal: %w", err)
	}
	fd := int(person.Fd())
	n := 0
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil { // unlock it
		n, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 25, Col: uint16(columns)})
	}
	if err == nil {
		program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		_ = person.Close()
		return nil, nil, fmt.Errorf("open terminal: %w", err)
	}
	return program, person, nil
}

// Session is a program on a terminal.
type Session struct {
	command *exec.Cmd
	person  *os.File
	over    chan struct{} // closed when the program has closed the terminal

	mu   sync.Mutex
	seen bytes.Buffer
	read int // position in the output up to which Expect has searched
}

// columns is the width of a session's terminal.
const columns = 100

// Start starts a command on a terminal.
func Start(c *exec.Cmd) (*Session, error) {
	program, person, err := Open(columns)
	if err != nil {
		return nil, err
	}
	s := &Session{command: c, person: person, over: make(chan struct{})}
	c.Stdin, c.Stdout, c.Stderr = program, program, program
	err = c.Start()
	_ = program.Close()
	if err != nil {
		_ = person.Close()
		return nil, err
	}
	go s.look()
	return s, nil
}

// look reads until the last program has closed the terminal.
func (s *Session) look() {
	defer close(s.over)
	b := make([]byte, 4096)
	for {
		n, err := s.person.Read(b)
		s.mu.Lock()
		s.seen.Write(b[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Expect waits until the text appears on the terminal, after the text expected before.
func (s *Session) Expect(text string, within time.Duration) error {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		at := strings.Index(s.seen.String()[s.read:], text)
		if at >= 0 {
			s.read += at + len(text)
		}
		s.mu.Unlock()
		if at >= 0 {
			return nil
		}
	}
	return fmt.Errorf("%q did not appear", text)
}

// Type types a line. "\x04" is Ctrl-D.
func (s *Session) Type(line string) error {
	_, err := s.person.WriteString(line + "\n")
	return err
}

// Seen returns the whole output so far.
func (s *Session) Seen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.String()
}

// Wait waits for the end of the program, like exec.Cmd.Wait.
func (s *Session) Wait() error {
	err := s.command.Wait()
	<-s.over
	_ = s.person.Close()
	return err
}

// Kill kills the program.
func (s *Session) Kill() { _ = s.command.Process.Kill() }
