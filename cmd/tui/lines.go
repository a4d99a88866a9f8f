package tui

import (
	"fmt"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/pass"
)

// Message formats a message in one line: its verdict, the rule, and whether it is answered.
func Message(l pass.Line) string {
	reply := "auto-reply: yes"
	if !l.AutoReply {
		reply = "auto-reply: no"
		if l.Why != "" {
			reply += " (" + l.Why + ")"
		}
	}
	return fmt.Sprintf("%s/%d  %s  %s  %s  %q  %s: %s  %s", l.Mailbox, l.UID, l.Verdict, place(l), glyph.Line(l.From),
		glyph.Cut(glyph.Line(l.Subject), 60),
		l.Rule, glyph.Line(l.Note), reply)
}

func place(l pass.Line) string {
	switch {
	case l.Task != 0:
		return fmt.Sprintf("task %d", l.Task)
	case l.Ticket != 0:
		return fmt.Sprintf("ticket %d", l.Ticket)
	case l.Verdict == desk.Task:
		return "new task"
	}
	return "no task"
}

// Change formats a changed task in one line: who gets a letter and when, or why nobody does.
func Change(l pass.Line) string {
	to, what := "nobody", string(l.Verdict)
	switch l.Verdict {
	case desk.Announced:
		to = l.To
	case desk.Later:
		to, what = l.To, string(desk.Announced)+" in "+desk.Brief(l.Wait)
	}
	if len(l.Cc) > 0 {
		to += ", copy to " + strings.Join(l.Cc, ", ")
	}
	return fmt.Sprintf("task %d  %s  to %s  %q  %s: %s", l.Task, what, to, glyph.Cut(glyph.Line(l.Subject), 60),
		l.Rule, glyph.Line(l.Note))
}
