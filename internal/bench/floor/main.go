// Command floor is what a pass is measured against: the least a Go program can do at an IMAP server. It also starts and
// weighs the programs that are measured, so that the weight of who asks for it is not in the scales.
//
// It is no mail program: what it fetches it throws away.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Figures are what one run took.
type Figures struct {
	Wall   time.Duration `json:"wall"`
	CPU    time.Duration `json:"cpu"` // of all processors, user and system
	RSS    int64         `json:"rss"` // bytes at the peak
	Status int           `json:"status"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "idle":
		return visit(args[1], args[2], args[3], false)
	case len(args) == 4 && args[0] == "fetch":
		return visit(args[1], args[2], args[3], true)
	case len(args) > 1 && args[0] == "weigh":
		return weigh(args[1:])
	}
	return errors.New("usage: floor idle|fetch ADDRESS USER PASSWORD, or floor weigh PROGRAM and its arguments")
}

// visit logs in, selects INBOX, asks for unseen mail, prints how many there are, and logs out; with fetch it also reads
// and marks them.
func visit(addr, user, password string, fetch bool) error {
	c, err := imapclient.DialInsecure(addr, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Login(user, password).Wait(); err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		return fmt.Errorf("select: %w", err)
	}
	found, err := c.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}, nil).Wait()
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	fmt.Println(len(found.AllUIDs()))
	if uids := found.AllUIDs(); fetch && len(uids) > 0 {
		if err := discard(c, imap.UIDSetNum(uids...)); err != nil {
			return err
		}
	}
	return c.Logout().Wait()
}

func discard(c *imapclient.Client, uids imap.UIDSet) error {
	cmd := c.Fetch(uids, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		for it := msg.Next(); it != nil; it = msg.Next() {
			if body, ok := it.(imapclient.FetchItemDataBodySection); ok {
				if _, err := io.Copy(io.Discard, body.Literal); err != nil {
					return fmt.Errorf("fetch: %w", err)
				}
			}
		}
	}
	if err := cmd.Close(); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	seen := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}
	if err := c.Store(uids, seen, nil).Close(); err != nil {
		return fmt.Errorf("mark: %w", err)
	}
	return nil
}

// weigh runs a program and prints its figures; what the program prints goes to stderr.
//
// QUIRK: Linux counts the peak of the process that starts a program as the program's own (fs/exec.c, exec_mmap), so a
// large one must not start what is weighed.
func weigh(args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return err
	}
	s := cmd.ProcessState
	f := Figures{Wall: wall, CPU: s.UserTime() + s.SystemTime(), Status: s.ExitCode(), RSS: peak(s.SysUsage())}
	return json.NewEncoder(os.Stdout).Encode(f)
}
