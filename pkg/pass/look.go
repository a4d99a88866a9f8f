package pass

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"helpdesk/pkg/desk"
)

// Looked contains the results of Look, by name of the mailbox.
type Looked map[string]*looked

// looked is a mailbox after login and search.
type looked struct {
	mb     Mailbox        // nil if it was closed because there is nothing to do
	unseen []desk.Listing // unread messages that are not too old
	old    int            // number of older unread messages
	err    error
}

// ErrNeedsState says that logging in to a mailbox needs the open state. The mailbox is searched later, when the state
// is open.
var ErrNeedsState = errors.New("the log-in needs the state")

// mailboxesAtOnce is the number of mailboxes searched at the same time. Most of the time is spent waiting for answers.
const mailboxesAtOnce = 10

// Look logs in to the mailboxes and searches them, several at a time, and returns when all are finished. It does not
// need the state, so a slow server does not delay other users of the state. Another run may process the found messages
// before this pass does, so the pass asks the state which are new. now is the time when the look began. The caller must
// close the result.
//
// The caller's goroutine searches the last mailbox, usually the only one: the stack of a new goroutine would have to
// grow several times.
func Look(ctx context.Context, boxes []Box, readOnly bool, now time.Time, log *slog.Logger) Looked {
	free := make(chan struct{}, mailboxesAtOnce)
	all := Looked{}
	var looks sync.WaitGroup
	for i, b := range boxes {
		l := &looked{}
		all[b.Name] = l
		free <- struct{}{}
		search := func() {
			l.into(ctx, b, readOnly, now)
			<-free
			if l.err != nil || len(l.unseen) == 0 {
				l.close(b.Name, log)
			}
		}
		if i < len(boxes)-1 {
			looks.Go(search)
		} else {
			search()
		}
	}
	looks.Wait()
	return all
}

func (l *looked) into(ctx context.Context, b Box, readOnly bool, now time.Time) {
	if l.mb, l.err = b.open(ctx, readOnly); l.err != nil {
		return
	}
	var since time.Time
	if b.MaxAge > 0 { // old unread mail may go back years, so it is counted but not listed
		since = now.Add(-b.MaxAge)
		l.old, l.err = l.mb.Old(ctx, since)
	}
	if l.err == nil {
		l.unseen, l.err = l.mb.Unseen(ctx, since)
	}
}

// Close closes the mailboxes that are still open.
func (all Looked) Close(log *slog.Logger) {
	for name, l := range all {
		l.close(name, log)
	}
}

func (l *looked) close(name string, log *slog.Logger) {
	if l.mb == nil {
		return
	}
	if err := l.mb.Close(); err != nil {
		log.Debug("close mailbox", "mailbox", name, "err", err)
	}
	l.mb = nil
}
