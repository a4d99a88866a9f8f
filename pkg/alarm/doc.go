// Package alarm keeps a book of troubles: what a person must be told, since when, who has been told, and what is over.
//
// It sends nothing and reads no clock. A pass records what it saw; the book says who must be told and what must be
// printed.
package alarm

import (
	"cmp"
	"slices"
	"time"
)

// Kind names a kind of trouble. The texts for people are found by it.
type Kind string

// The kinds of troubles. The comment of each ends with the meaning of Trouble.Name.
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
	Notice      Kind = "notice"      // a single message without an end: its subject
)

// Kinds are all kinds.
var Kinds = []Kind{Mailbox, Relay, Portal, Copies, Held, Waiting, Quarantine, Certificate, Token, Replies, Names,
	Settings, State, Overdue, Failure, Notice}

// Trouble is one thing that a pass found wrong.
type Trouble struct {
	Kind   Kind      `json:"kind"`
	Name   string    `json:"name,omitempty"`   // which one
	Cause  string    `json:"cause,omitempty"`  // what is wrong, as package fault names it
	Note   string    `json:"note,omitempty"`   // the error, in English and without secrets
	Person bool      `json:"person,omitempty"` // it does not pass by itself
	Until  time.Time `json:"until,omitzero"`   // when it expires
	From   time.Time `json:"from,omitzero"`    // when it began, if that was before it was seen
	Task   int64     `json:"task,omitempty"`   // the number of the task concerned
	About  string    `json:"about,omitempty"`  // the sender or the subject of the letter concerned
}

// key identifies a trouble.
type key struct {
	kind Kind
	name string
}

// key returns the trouble's key. A waiting and a held entry of the outbox have the same key: one becomes the other.
func (t Trouble) key() key {
	if t.Kind == Waiting {
		t.Kind = Held
	}
	return key{t.Kind, t.Name}
}

// Fails reports whether something has failed already. Something that expires soon still works.
func (t Trouble) Fails() bool { return t.Until.IsZero() }

// Entry is a trouble with its history.
type Entry struct {
	Trouble
	Since   time.Time      `json:"since"`
	Last    time.Time      `json:"last"`               // when a pass last saw it
	Passes  map[string]int `json:"passes,omitempty"`   // by kind of pass, how often in a row it was seen
	Due     bool           `json:"due,omitempty"`      // people must be told
	Ended   time.Time      `json:"ended,omitzero"`     // when a pass saw that it was over
	Told    []string       `json:"told,omitempty"`     // who was told that it began
	ToldEnd []string       `json:"told_end,omitempty"` // who was told that it ended
	Said    time.Time      `json:"said,omitzero"`      // when it was last printed
	SaidEnd bool           `json:"said_end,omitempty"`
}

// Open reports whether the trouble is not over.
func (e Entry) Open() bool { return e.Ended.IsZero() }

// Lasted returns how long the trouble lasted, or has lasted until now.
func (e Entry) Lasted(now time.Time) time.Duration {
	return cmp.Or(e.Ended, now).Sub(e.Since)
}

// Sight is what one pass saw.
type Sight struct {
	Pass     string // poll or notify
	Troubles []Trouble
	// Over reports whether a trouble that the pass did not see is over. A pass that did not use a server knows nothing
	// about it.
	Over func(Trouble) bool
}

// Names reports whether the pass saw the trouble.
func (s Sight) Names(kind Kind, name string) bool {
	return slices.ContainsFunc(s.Troubles, func(t Trouble) bool { return t.Kind == kind && t.Name == name })
}
