package wiring

import (
	"context"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/mailbox"
)

// counted is a mailbox that counts its old unread mail at most once an hour. If the server reports the folder's size
// cheaply, a changed size causes a new count.
type counted struct {
	*mailbox.Mailbox
	name  string
	found *discoveries
}

// count is a stored count.
type count struct {
	Messages uint32 `json:"messages"` // in the folder
	Old      int    `json:"old"`
}

// countKept is how long a count is used.
const countKept = time.Hour

func countOf(mailbox string) string { return "old." + mailbox }

// Old returns the number of unseen messages that arrived on days before t.
func (c counted) Old(ctx context.Context, t time.Time) (int, error) {
	var was count
	mark := countOf(c.name)
	cheap, messages := c.Counts(ctx)
	raw := c.found.load(mark, countKept)
	if raw != nil && json.Unmarshal(raw, &was) == nil && (was.Messages == messages || !cheap) {
		return was.Old, nil
	}
	old, err := c.Mailbox.Old(ctx, t)
	if err != nil {
		return 0, err
	}
	if raw, err = json.Marshal(count{messages, old}); err == nil {
		c.found.save(mark, raw)
	}
	return old, nil
}
