package cmd

import (
	"errors"
	"fmt"

	"helpdesk/cmd/tui"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/store"
)

// tellDoubt adds a problem to the report: the state may have forgotten some work. The problem also says what this pass
// made or found. tellDoubt returns false if there is no doubt.
func tellDoubt(d *store.Doubt, r *pass.Report) bool {
	if d == nil || r == nil {
		return false
	}
	text := doubtText(d, r)
	r.Problems = append(r.Problems, outbox.Problem{Where: "state", Message: text, Err: errors.New(text), Held: true})
	r.Held++
	return true
}

func doubtText(d *store.Doubt, r *pass.Report) string {
	var what string
	switch d.Cause {
	case store.Gone:
		return "it was gone, though passes have run, and a new one was begun: answers to older letters of ours make " +
			"new tasks; 'helpdesk verify' says what is not known any more. Was a disk not mounted? Then stop the " +
			"schedule and put the state back"
	case store.Restored:
		what = "it is a backup, made " + tui.When(d.Since)
	case store.Older:
		what = "it is older than what the last pass left: a copy was put in its place"
		if !d.Since.IsZero() {
			what += ", last written " + tui.When(d.Since)
		}
	default:
		what = "the database's history is another one, last written " + tui.When(d.Since) +
			": a standby has taken over, or a copy was restored"
	}
	return fmt.Sprintf("%s. Of %s that waited in it each is looked for before it is made, and no auto-reply among "+
		"them is sent; "+
		"this pass made or found %s and %s, and sent %s. What is done twice 'helpdesk verify' says", what,
		tui.Count(d.Unsure, "effect", "effects"), tui.Count(r.Opened, "task", "tasks"),
		tui.Count(r.Commented, "comment", "comments"),
		tui.Count(r.Sent, "letter", "letters"))
}
