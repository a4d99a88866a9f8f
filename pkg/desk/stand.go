package desk

import (
	"fmt"
	"time"

	"helpdesk/pkg/glyph"
)

func duplicateRule() rule {
	return rule{"duplicate", "", "a message of the same Message-ID and content has been recorded before, from " +
		"whatever mailbox", "nothing",
		func(w *weighing) (string, bool) { return w.d.Key, w.f.Recorded }}
}

// QUIRK: parcel services and shops send different letters with the same Message-ID (freescout#5591). Each is treated as
// a message of its own, and the id keeps pointing to its first ticket.
func reusedRule() rule {
	return rule{"reused-id", "", "the Message-ID is known, of a letter with other content",
		"nothing changes; the id keeps leading to its first ticket",
		func(w *weighing) (string, bool) {
			_, known := w.f.Known[w.m.ID]
			return glyph.Cut(w.m.ID, 120), known
		}}
}

// standRules are the rules for the state of the message's ticket. The first that hits decides.
func standRules() []rule {
	return []rule{
		{"deleted", "", "its task was deleted in the portal",
			"new task that says so; automatic mail goes by mail.automatic", func(w *weighing) (string, bool) {
				return named(w.found), w.found.Status == Gone
			}},
		{"open", "", "its task is open", "comment", func(w *weighing) (string, bool) {
			return named(w.found), w.found.Status != Done
		}},
		{"no-reopen", "", "the task is closed, and the message is automatic", "comment; the task stays closed",
			func(w *weighing) (string, bool) {
				return "", w.automatic()
			}},
		{
			"late",
			"",
			"the task was closed longer ago than tickets.reopen_within",
			"new task that links the old one",
			askLate,
		},
		{
			"thanks",
			"",
			"the task is closed, and the letter is a bare thank-you without files",
			"comment; the task stays closed",
			askThanks,
		},
		{"kept-closed", "", "the task is closed, and tickets.reopen is false", "comment; the task stays closed",
			func(w *weighing) (string, bool) {
				return "", !w.r.policy.Reopen
			}},
		{"reopen", "", "the task is closed", "comment; the task is opened again", always},
	}
}

// stand decides whether the message becomes a comment on its ticket, reopens it, or opens a new ticket that continues
// it.
func (w *weighing) stand(automatic bool) {
	for _, q := range standRules() {
		if !w.ask(GroupStanding, q) {
			continue
		}
		switch q.id {
		case "deleted":
			w.continues(NoteDeleted)
		case "late":
			w.continues(NoteLate)
		case "thanks":
			w.note(NoteThanks, "", 0)
		case "reopen":
			w.reopen = true
		}
		return
	}
}

// continues makes the new ticket continue the one that was found. The id that led to the old ticket will point to the
// new one.
func (w *weighing) continues(key NoteKey) {
	w.link(key, w.found)
	if w.known != nil && w.takesPart(w.found) {
		w.relink = w.known.id
	}
	w.found = nil
}

func askLate(w *weighing) (string, bool) {
	if w.found.ClosedAt.IsZero() {
		return "", false
	}
	age := w.f.Now.Sub(w.found.ClosedAt)
	days := "days"
	if age < 48*time.Hour && age >= 24*time.Hour {
		days = "day"
	}
	return fmt.Sprintf("closed %d %s ago", int(age.Hours()/24), days), age > w.r.policy.ReopenWithin
}
