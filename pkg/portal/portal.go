// Package portal makes tasks and comments on a Bitrix24 portal, reads what happened to them, and carries files both
// ways.
//
// It is the only place that knows the methods of tasks, their spellings and oddities; how they are called is the matter
// of package bitrix. It decides nothing about mail or tickets, and keeps nothing on disk.
package portal

import (
	"log/slog"

	"helpdesk/pkg/bitrix"
)

// Options say which portal to speak to and how. The zero value of all but the webhook works.
type Options struct {
	bitrix.Options
	Results bool // Talks asks which comments are marked as results
}

// Client is all that one portal is asked for. Each side may be handed on by itself.
type Client struct {
	*access
	*Maker
	*Reader
}

// access is what both sides share: the calls, whom they are made as, and what either asks of tasks.
type access struct {
	*bitrix.Client
	log *slog.Logger
	who identity
}

// Maker makes tasks and comments, looks whether they are there, and carries files both ways.
type Maker struct{ *access }

// Reader reads what happened to tasks.
type Reader struct {
	*access
	authors *authors
	results bool // Talks asks which comments are marked as results
}

// New returns a client of the portal of the webhook; it opens no connection. Its errors never show the webhook.
func New(o Options) (*Client, error) {
	if o.Estimates == nil {
		o.Estimates = estimates
	}
	rest, err := bitrix.New(o.Options)
	if err != nil {
		return nil, err
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	a := &access{Client: rest, log: log}
	a.recollect()
	return &Client{access: a, Maker: &Maker{a}, Reader: &Reader{a, &authors{access: a}, o.Results}}, nil
}

// estimates are the seconds that methods take which write, as long as the portal has told nothing of them: a first
// backlog must end within what a request may take.
//
// QUIRK: a portal with little power makes a chat and a message with each task, which takes about a second
// (tasks/tasks-task-add shows 0.93).
var estimates = map[string]float64{
	"tasks.task.add": 1, "task.commentitem.add": 0.5, "im.message.add": 0.5, "im.disk.file.commit": 0.5,
	"disk.folder.uploadfile": 0.5,
}

// The names that what is known of the portal is saved under.
const (
	savedFolder  = "portal.folder" // Drive folder for uploads
	savedNoCRM   = "portal.nocrm"  // the webhook may not read the CRM
	savedScopes  = "portal.scopes"
	savedV3      = "portal.v3"          // REST v3 answers
	savedKeys    = "portal.idempotency" // it knows Idempotency-Key
	savedKept    = "portal.v3.kept"     // which related objects of a new task it keeps
	savedInline  = "portal.inline"      // bytes of files one batch may hold
	savedNoDisk  = "portal.nodisk"      // why the webhook has no folder for files
	savedCard    = "portal.card"
	savedAuthors = "portal.authors" // what was asked of users who wrote comments
	savedUsers   = "portal.users"   // whom the webhook has acted as; for good
)
