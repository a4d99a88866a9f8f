package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"helpdesk/pkg/config"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/portal"
	"helpdesk/pkg/store"
)

// The exit statuses.
const (
	exitDone        = 0   // nothing left undone
	exitFailure     = 1   // unexpected
	exitUsage       = 2   // wrong flags or configuration; nothing was touched
	exitHeld        = 3   // done, but something is held for a person
	exitTemporary   = 75  // the next run will try again (EX_TEMPFAIL of sysexits.h)
	exitInterrupted = 130 // by a signal
)

// usageError is a wrong flag, argument or setting.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(err error) error { return usageError{err} }

// status is an exit status that a command asks for; a nil cause is not printed.
type status struct {
	code  int
	cause error
}

func (s status) Error() string {
	if s.cause == nil {
		return fmt.Sprintf("exit status %d", s.code)
	}
	return s.cause.Error()
}

func (s status) Unwrap() error { return s.cause }

// exitStatus is the one place that turns an error into a status.
func exitStatus(err error) int {
	var (
		asked    status
		wrong    usageError
		mistakes config.Mistakes
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &asked):
		return asked.code
	case errors.As(err, &wrong), errors.As(err, &mistakes), fault.ExtentOf(err) == fault.Setup:
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, store.ErrLocked), errors.Is(err, context.DeadlineExceeded), fault.Known(err) && fault.Of(err) != fault.Never:
		return exitTemporary
	case strings.HasPrefix(err.Error(), "unknown command"): // QUIRK: cobra has no type for it
		return exitUsage
	}
	return exitFailure
}

// outcome turns what a pass left undone into an error.
func outcome(r *pass.Report, err error) error {
	if err != nil {
		return err
	}
	left, cause := r.Left()
	switch left {
	case pass.Setup:
		return status{exitUsage, cause}
	case pass.Temporary:
		return status{exitTemporary, cause}
	case pass.Held:
		return status{exitHeld, cause}
	}
	return nil
}

// explain returns what to print for an error: once, without secrets.
func (a *app) explain(err error) string {
	var asked status
	if errors.As(err, &asked) && asked.cause == nil {
		return ""
	}
	text := portal.Mask(err.Error())
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) {
		return text // each line names its file
	}
	return spoken + text
}
