package pass

import (
	"context"
	"time"

	"helpdesk/pkg/desk"
)

// lookedInto is a mailbox that was logged in to and searched.
type lookedInto struct {
	mb     Mailbox        // nil = closed again: there is nothing in it to do
	unseen []desk.Listing // that are not too old
	old    int            // unseen of the days before
	err    error
}

// mailboxesAtOnce is how many mailboxes are logged in to at a time: what takes long is waiting for each answer.
const mailboxesAtOnce = 10

// look logs in to the mailboxes and searches them, several at a time, so that a silent server costs the others nothing.
// Each is told by its own channel; all must be taken, and closed where they are open.
func (p *Pass) look(ctx context.Context, readOnly bool, boxes []Box) []<-chan lookedInto {
	free := make(chan struct{}, mailboxesAtOnce)
	now := p.Now()
	all := make([]<-chan lookedInto, len(boxes))
	for i, b := range boxes {
		found := make(chan lookedInto, 1)
		all[i] = found
		free <- struct{}{}
		go func() {
			l := p.lookInto(ctx, readOnly, b, now)
			<-free
			found <- l
		}()
	}
	return all
}

func (p *Pass) lookInto(ctx context.Context, readOnly bool, b Box, now time.Time) (l lookedInto) {
	if l.mb, l.err = b.open(ctx, readOnly); l.err != nil {
		return l
	}
	var since time.Time
	if b.MaxAge > 0 {
		since = now.Add(-b.MaxAge)
	}
	if b.MaxAge > 0 { // old unread mail may be of years: it is counted, and not listed
		l.old, l.err = l.mb.Old(ctx, since)
	}
	if l.err == nil {
		l.unseen, l.err = l.mb.Unseen(ctx, since)
	}
	if l.err != nil || len(l.unseen) == 0 && p.Lost.IsZero() {
		p.close(b, l.mb)
		l.mb = nil
	}
	return l
}

// close closes a mailbox.
func (p *Pass) close(b Box, mb Mailbox) {
	if mb == nil {
		return
	}
	if err := mb.Close(); err != nil {
		p.Log.Debug("close mailbox", "mailbox", b.Name, "err", err)
	}
}
