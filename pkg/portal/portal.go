// Package portal makes tasks and comments on a Bitrix24 portal, reads what happened to them, and carries files both
// ways.
//
// It is the only place that knows the methods of tasks, their spellings and oddities; package bitrix makes the calls.
// It decides nothing about mail or tickets, and keeps nothing on disk.
package portal

import (
	"log/slog"

	"helpdesk/pkg/bitrix"
)

// Options says which portal to use and how. All fields but the webhook are optional.
type Options struct {
	bitrix.Options
	Results bool // Talks also asks which comments are marked as results
}

// Client is the whole interface to one portal. Each of its two sides may be passed on by itself.
type Client struct {
	*access
	*Maker
	*Reader
}

// access is what both sides share: the calls, the acting user, and questions about tasks.
type access struct {
	*bitrix.Client
	log *slog.Logger
	who identity
}

// Maker makes tasks and comments, checks whether they exist, and carries files both ways.
type Maker struct{ *access }

// Reader reads what happened to tasks.
type Reader struct {
	*access
	authors *authors
	results bool // Talks also asks which comments are marked as results
}

// New returns a client for the webhook's portal; it opens no connection. Its errors never contain the webhook.
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

// estimates are the seconds that writing methods take until the portal has reported real times. They keep the first
// backlog within the time allowed for a request.
//
// QUIRK: for each task a weak portal creates a chat and a message, which takes about a second (tasks/tasks-task-add
// shows 0.93).
var estimates = map[string]float64{
	"tasks.task.add": 1, "task.commentitem.add": 0.5, "im.message.add": 0.5, "im.disk.file.commit": 0.5,
	"disk.folder.uploadfile": 0.5,
}

// Names under which facts about the portal are saved.
const (
	savedFolder  = "portal.folder" // Drive folder for uploads
	savedNoCRM   = "portal.nocrm"  // the webhook may not read the CRM
	savedScopes  = "portal.scopes"
	savedV3      = "portal.v3"          // REST v3 is available
	savedKeys    = "portal.idempotency" // the portal supports Idempotency-Key
	savedKept    = "portal.v3.kept"     // which related objects of a new task REST v3 keeps
	savedInline  = "portal.inline"      // most bytes of files in one batch
	savedNoDisk  = "portal.nodisk"      // why the webhook has no folder for files
	savedNoPost  = "portal.nopost"      // an upload to an address from the portal has failed
	savedCard    = "portal.card"
	savedAuthors = "portal.authors" // answers about authors of comments
	savedUsers   = "portal.users"   // users that the webhook has acted as; never expires
)
