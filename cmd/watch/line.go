package watch

import (
	"fmt"
	"time"

	"helpdesk/pkg/alarm"
)

// Line formats a trouble for stderr: at its beginning, again while it continues, and at its end.
func Line(e alarm.Entry) string {
	what := what(e.Trouble)
	switch {
	case !e.Open():
		return fmt.Sprintf("%s: over; it lasted from %s to %s", what, clock(e.Since), clock(e.Ended))
	case !e.Said.IsZero():
		return fmt.Sprintf("%s: since %s: %s", what, clock(e.Since), e.Note)
	}
	if e.Kind == alarm.State { // the error names the state itself
		return e.Note
	}
	return what + ": " + e.Note
}

func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// what names a trouble as the log does, for example "mailbox support".
func what(t alarm.Trouble) string {
	switch t.Kind {
	case alarm.Mailbox, alarm.Relay:
		return string(t.Kind) + " " + t.Name
	case alarm.Copies:
		return "copies of letters of " + t.Name
	case alarm.Held, alarm.Waiting:
		return "outbox entry " + t.Name
	case alarm.Quarantine:
		return "quarantine " + t.Name + ": " + t.About
	case alarm.Certificate, alarm.Overdue, alarm.Notice, alarm.Failure:
		return t.Name
	case alarm.Token:
		return "mailbox " + t.Name
	case alarm.Replies:
		return "auto-replies"
	case alarm.Names:
		return "names"
	case alarm.Settings:
		return "settings"
	}
	return string(t.Kind)
}
