// Package exit maps errors to exit statuses and to the text for people. It ends no process.
package exit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/config"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/store"
)

// Spoken is the prefix of lines for people.
const Spoken = "helpdesk: "

// The exit statuses.
const (
	Done        = 0   // nothing is left to do
	Failure     = 1   // unexpected error
	Wrong       = 2   // wrong flags or configuration; nothing was changed
	Held        = 3   // done, but something waits for a person
	Temporary   = 75  // the next run will try again (EX_TEMPFAIL of sysexits.h)
	Interrupted = 130 // by a signal
)

// usageError is a wrong flag, argument or setting.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Usage marks an error as a wrong flag, argument or setting.
func Usage(err error) error { return usageError{err} }

// Status is the error of a command that sets its exit status; a nil Cause is not printed.
type Status struct {
	Code  int
	Cause error
}

// Error returns the cause.
func (s Status) Error() string {
	if s.Cause == nil {
		return fmt.Sprintf("exit status %d", s.Code)
	}
	return s.Cause.Error()
}

// Unwrap returns the cause.
func (s Status) Unwrap() error { return s.Cause }

// Of returns the exit status of an error. All commands use it.
func Of(err error) int {
	var (
		asked    Status
		wrong    usageError
		mistakes config.Mistakes
	)
	switch {
	case err == nil:
		return Done
	case errors.As(err, &asked):
		return asked.Code
	case errors.As(err, &wrong), errors.As(err, &mistakes), fault.ExtentOf(err) == fault.Setup,
		errors.Is(err, store.ErrSetup):
		return Wrong
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.Is(err, store.ErrLocked), errors.Is(err, store.ErrAway), errors.Is(err, store.ErrFull),
		errors.Is(err, context.DeadlineExceeded), fault.Known(err) && fault.Of(err) != fault.Never:
		return Temporary
	case strings.HasPrefix(err.Error(), "unknown command"): // QUIRK: cobra has no type for it
		return Wrong
	}
	return Failure
}

// After returns an error for what a pass left undone.
func After(r *pass.Report, err error) error {
	if err != nil {
		return err
	}
	left, cause := r.Left()
	switch left {
	case pass.Setup:
		return Status{Wrong, cause}
	case pass.Temporary:
		return Status{Temporary, cause}
	case pass.Held:
		return Status{Held, cause}
	}
	return nil
}

// Text returns the printed text of an error, with secrets masked, "" if nothing is printed.
func Text(err error) string {
	var asked Status
	if errors.As(err, &asked) && asked.Cause == nil {
		return ""
	}
	text := bitrix.Mask(err.Error())
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) {
		return text // each line already begins with the file
	}
	return Spoken + text
}
