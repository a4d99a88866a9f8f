// Package status is what passes leave beside the state: how the last ones went, what waits, and who is at work. Whoever
// reads it does not wait for a pass.
package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/pkg/store"
)

// Running is what a pass leaves beside the state while it runs, for those who wait for it.
type Running struct {
	Command string    `json:"command"`
	Host    string    `json:"host,omitempty"` // "" = this one
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
}

// RunFile returns where it lies.
func RunFile(state string) string { return state + ".run" }

// Who returns which run works with the state that could not be opened, as far as it says so.
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

// String names the run.
func (r Running) String() string {
	on := ""
	if r.Host != "" {
		on = " on " + r.Host
	}
	return fmt.Sprintf("'%s'%s, process %d, since %s", r.Command, on, r.PID, tui.When(r.Since))
}

// ReadRunning returns who works with a state file, if anybody says so.
func ReadRunning(state string) (Running, bool) {
	var r Running
	raw, err := os.ReadFile(RunFile(state))
	if err != nil || json.Unmarshal(raw, &r) != nil {
		return r, false
	}
	return r, true
}

// Claim says beside a state file that this process works with it, until the returned function is called.
func Claim(state, command string, now time.Time) func() {
	if store.Remote(state) {
		return func() {} // the server knows who has the lock
	}
	raw, err := json.Marshal(Running{Command: command, PID: os.Getpid(), Since: now})
	if err == nil {
		err = os.WriteFile(RunFile(state), raw, 0o644)
	}
	if err != nil {
		return func() {} // it helps those who wait, and nothing depends on it
	}
	return func() { _ = os.Remove(RunFile(state)) }
}

// Placed says what to do where the state can't lie where the settings put it.
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
