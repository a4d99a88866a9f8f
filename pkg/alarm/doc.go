// Package alarm keeps the book of troubles: what a person must hear of, since when, who has heard of it, and that it is
// over.
//
// It sends nothing and reads no clock. A pass says what it saw; the book says who is to be told, and what is to be
// printed.
package alarm

import (
	"cmp"
	"slices"
	"time"
)

// Kind names what is in trouble. The texts for people are called by it.
type Kind string

// The kinds of troubles. What Name holds stands behind each.
const (
	Mailbox     Kind = "mailbox"     // mail is not read: the mailbox's name
	Relay       Kind = "relay"       // letters do not go out: the mailbox's name
	Portal      Kind = "portal"      // the portal can't be used
	Copies      Kind = "copies"      // copies of letters are not kept: the mailbox's name
	Held        Kind = "held"        // an entry of the outbox is held for a person: its number
	Waiting     Kind = "waiting"     // an entry of the outbox fails, and is tried again: its number
	Quarantine  Kind = "quarantine"  // a message could not be processed: its number in the quarantine
	Certificate Kind = "certificate" // the certificate of a server expires soon: the server's name
	Token       Kind = "token"       // the access to a mailbox expires soon: the mailbox's name
	Replies     Kind = "replies"     // the day's auto-replies are used up
	Names       Kind = "names"       // a directory of names does not answer
	Settings    Kind = "settings"    // settings or templates are wrong
	State       Kind = "state"       // the state can't be opened or written
	Overdue     Kind = "overdue"     // a kind of pass has not run for too long: poll or notify
	Failure     Kind = "failure"     // a pass ended unexpectedly: poll or notify
	Notice      Kind = "notice"      // what is said once and has no end: what it is about
)

// Trouble is one thing that a pass found wrong.
type Trouble struct {
	Kind   Kind      `json:"kind"`
	Name   string    `json:"name,omitempty"`   // which one
	Cause  string    `json:"cause,omitempty"`  // what is wrong, as package fault names it
	Note   string    `json:"note,omitempty"`   // the error, in English and without secrets
	Person bool      `json:"person,omitempty"` // time alone does not mend it
	Until  time.Time `json:"until,omitzero"`   // when it expires
	From   time.Time `json:"from,omitzero"`    // since when, where that was before it was seen
	Task   int64     `json:"task,omitempty"`   // the portal's number of the task it is about
	About  string    `json:"about,omitempty"`  // whose letter it is about, or its subject
}

// key is what tells troubles apart.
type key struct {
	kind Kind
	name string
}

// key returns the key. An entry of the outbox that fails becomes one that is held: that is the same trouble.
func (t Trouble) key() key {
	if t.Kind == Waiting {
		t.Kind = Held
	}
	return key{t.Kind, t.Name}
}

// Fails reports whether something does not work by now. What expires soon still works.
func (t Trouble) Fails() bool { return t.Until.IsZero() }

// Entry is a trouble with its history.
type Entry struct {
	Trouble
	Since   time.Time      `json:"since"`
	Last    time.Time      `json:"last"`               // when a pass saw it
	Passes  map[string]int `json:"passes,omitempty"`   // how many of a kind of pass saw it in a row
	Due     bool           `json:"due,omitempty"`      // people are to be told
	Ended   time.Time      `json:"ended,omitzero"`     // when a pass saw that it is over
	Told    []string       `json:"told,omitempty"`     // who was told that it began
	ToldEnd []string       `json:"told_end,omitempty"` // who was told that it ended
	Said    time.Time      `json:"said,omitzero"`      // when it was printed last
	SaidEnd bool           `json:"said_end,omitempty"`
}

// Open reports whether it goes on.
func (e Entry) Open() bool { return e.Ended.IsZero() }

// Lasted returns how long it went on, up to now where it still does.
func (e Entry) Lasted(now time.Time) time.Duration {
	return cmp.Or(e.Ended, now).Sub(e.Since)
}

// Sight is what one pass saw.
type Sight struct {
	Pass     string // poll, notify
	Troubles []Trouble
	// Over reports whether the pass saw that a trouble it does not name is over. A pass that did not use a server knows
	// nothing of it.
	Over func(Trouble) bool
}

// Names reports whether a trouble is among those seen.
func (s Sight) Names(kind Kind, name string) bool {
	return slices.ContainsFunc(s.Troubles, func(t Trouble) bool { return t.Kind == kind && t.Name == name })
}
