// Package status is what a pass writes next to the state for others: how the last passes went, what waits, and who is
// at work. Reading it does not wait for a pass, and it decides nothing.
package status

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/pkg/store"
)

// Running is the note of a running pass for the commands that wait for it.
type Running struct {
	Command string    `json:"command"`
	Host    string    `json:"host,omitempty"` // "" = this host
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
}

// RunFile returns the path of that note.
func RunFile(state string) string { return state + ".run" }

// Who returns the run that has the state open, given the error of opening it; false if unknown.
func Who(err error, state string) (Running, bool) {
	var held store.Held
	if errors.As(err, &held) {
		return of(held), held.PID != 0
	}
	return ReadRunning(state)
}

func of(h store.Held) Running {
	return Running{Command: h.Command, Host: h.Host, PID: h.PID, Since: h.Since}
}

// String describes the run for people.
func (r Running) String() string {
	on := ""
	if r.Host != "" {
		on = " on " + r.Host
	}
	return fmt.Sprintf("'%s'%s, process %d, since %s", r.Command, on, r.PID, tui.When(r.Since))
}

// ReadRunning returns the run that has a state file open, if it has left a note.
func ReadRunning(state string) (Running, bool) {
	var r Running
	raw, err := os.ReadFile(RunFile(state))
	if err != nil || json.Unmarshal(raw, &r) != nil {
		return r, false
	}
	return r, true
}

// Claim writes a note that this process works with a state file; the returned function removes it.
func Claim(state, command string, now time.Time) func() {
	if store.Remote(state) {
		return func() {} // the server knows who has the lock
	}
	raw, err := json.Marshal(Running{Command: command, PID: os.Getpid(), Since: now})
	if err == nil {
		err = os.WriteFile(RunFile(state), raw, 0o644)
	}
	if err != nil {
		return func() {} // the note is only a help for others
	}
	return func() { _ = os.Remove(RunFile(state)) }
}

// Placed adds advice to an error of opening a state that can't be at its place.
func Placed(err error, path string) error {
	switch {
	case errors.Is(err, store.ErrFull):
		return err
	case errors.Is(err, store.ErrPlace), errors.Is(err, store.ErrSetup), errors.Is(err, store.ErrMoved),
		errors.Is(err, store.ErrNewer):
		return exit.Usage(err)
	case errors.Is(err, store.ErrMissing):
		return exit.Usage(fmt.Errorf("%w: no pass has run yet, or it lies elsewhere", err))
	case errors.Is(err, fs.ErrNotExist):
		return exit.Usage(fmt.Errorf("%w: make the folder %s first", err, filepath.Dir(path)))
	case errors.Is(err, fs.ErrPermission):
		return exit.Usage(fmt.Errorf("%w: it must belong to the user that runs helpdesk", err))
	}
	return err
}
