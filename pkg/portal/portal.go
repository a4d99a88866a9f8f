// Package portal makes tasks and comments on a Bitrix24 portal, reads what happened to them, and carries files both ways.
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

// Client makes and reads the tasks of one portal.
type Client struct {
	*bitrix.Client
	results bool
	log     *slog.Logger
}

// New returns a client of the portal of the webhook; it opens no connection. Its errors never show the webhook.
func New(o Options) (*Client, error) {
	rest, err := bitrix.New(o.Options)
	if err != nil {
		return nil, err
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Client{rest, o.Results, log}, nil
}

// The names that what is known of the portal is saved under.
const (
	savedFolder = "portal.folder" // Drive folder for uploads
	savedNoCRM  = "portal.nocrm"  // the webhook may not read the CRM
	savedScopes = "portal.scopes"
	savedV3     = "portal.v3"          // REST v3 answers
	savedKeys   = "portal.idempotency" // it knows Idempotency-Key
	savedKept   = "portal.v3.kept"     // which related objects of a new task it keeps
	savedInline = "portal.inline"      // bytes of files one batch may hold
	savedNoDisk = "portal.nodisk"      // why the webhook has no folder for files
	savedCard   = "portal.card"
)
