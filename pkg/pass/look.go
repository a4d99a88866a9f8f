package pass

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"helpdesk/pkg/desk"
)

// Looked is what Look found, by the names of the mailboxes.
type Looked map[string]*looked

// looked is a mailbox that was logged in to and searched.
type looked struct {
	mb     Mailbox        // nil = closed again: there is nothing in it to do
	unseen []desk.Listing // that are not too old
	old    int            // unseen of the days before
	err    error
}

// ErrNeedsState says that a mailbox can't be logged in to unless the state is open. It is looked into then.
var ErrNeedsState = errors.New("the log-in needs the state")

// mailboxesAtOnce is how many mailboxes are looked into at a time: what takes long is waiting for each answer.
const mailboxesAtOnce = 10

// Look logs in to the mailboxes and searches them, several at a time, and returns when all have answered. It needs no
// state: a server that is silent for a minute keeps nobody from the state meanwhile. Another run may have worked on
// what it found before a pass decides, so it is the state that says what is new. now is when the look began; what it
// returns must be closed.
func Look(ctx context.Context, boxes []Box, readOnly bool, now time.Time, log *slog.Logger) Looked {
	free := make(chan struct{}, mailboxesAtOnce)
	all := Looked{}
	var looks sync.WaitGroup
	for _, b := range boxes {
		l := &looked{}
		all[b.Name] = l
		free <- struct{}{}
		looks.Go(func() {
			l.into(ctx, b, readOnly, now)
			<-free
			if l.err != nil || len(l.unseen) == 0 {
				l.close(b.Name, log)
			}
		})
	}
	looks.Wait()
	return all
}

func (l *looked) into(ctx context.Context, b Box, readOnly bool, now time.Time) {
	if l.mb, l.err = b.open(ctx, readOnly); l.err != nil {
		return
	}
	var since time.Time
	if b.MaxAge > 0 { // old unread mail may be of years: it is counted, and not listed
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
