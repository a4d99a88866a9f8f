package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/spool"
)

// ErrGone is what Fetch reports for a message that is not in the folder any more.
var ErrGone = errors.New("the message is gone from the folder")

const (
	batchCount = 32      // messages of one FETCH: at 20 ms round trip as good as any more
	batchBytes = 4 << 20 // what they may be together, since two batches are held at a time
	maxBreaks  = 5       // messages in a row that cost a connection each before it is the server's fault
)

// Fetch reads the messages without marking them and calls fn for each, in the order of ls, with the whole body. fn
// closes the body. Of a message longer than limit bytes only the header is read (limit 0 = no limit); l.Size tells. If
// a message cannot be fetched, fn is called with an error (ErrGone or the cause). If the server refuses every message,
// Fetch itself returns that error. While fn works the next messages are on their way, so fn must not call other
// methods. An error of fn ends Fetch and is returned as it is.
func (m *Mailbox) Fetch(ctx context.Context, ls []desk.Listing, limit int64,
	fn func(l desk.Listing, body *spool.Body, err error) error) error {
	out := make(chan []item)
	stop := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		defer close(out)
		failed <- m.produce(ctx, ls, limit, out, stop)
	}()
	defer func() { // also when fn panics: the connection must be at rest before anybody uses it again
		close(stop)
		for items := range out {
			release(items)
		}
	}()
	for items := range out {
		if err := deliver(items, fn); err != nil {
			return err
		}
	}
	return <-failed
}

// deliver calls fn for each of the items.
func deliver(items []item, fn func(desk.Listing, *spool.Body, error) error) error {
	n := 0
	defer func() { release(items[n:]) }()
	for n < len(items) {
		it := items[n]
		n++
		if err := fn(it.Listing, it.body, it.err); err != nil {
			return err
		}
	}
	return nil
}

func release(items []item) {
	for _, it := range items {
		it.body.Close()
	}
}

// item is a message on its way to the reader.
type item struct {
	desk.Listing
	body *spool.Body
	err  error
}

// produce reads one batch after the other, always one ahead of the reader. What could not be had is told once a message
// has come, or all have been asked for: until then the server itself may be at fault.
func (m *Mailbox) produce(ctx context.Context, ls []desk.Listing, limit int64, out chan<- []item,
	stop <-chan struct{}) error {
	var none []item // what was asked for before the first message came
	came := false
	for len(ls) > 0 {
		n, part := m.batch(ls, limit)
		b := &batch{Mailbox: m, limit: limit, part: part, got: map[uint32]*item{}}
		err := b.read(ctx, ls[:n])
		items := append(none, b.items(ls[:n], err)...)
		ls, none = ls[n:], nil
		if came = came || given(items); !came {
			if err == nil && len(ls) > 0 {
				none = items
				continue
			}
			if err == nil {
				err = m.withheld(items)
			}
			if err != nil {
				return err
			}
		}
		select {
		case out <- items:
		case <-stop:
			release(items)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func given(items []item) bool {
	return slices.ContainsFunc(items, func(it item) bool { return it.err == nil })
}

// withheld reports whether a server that gives none of the messages is at fault itself: it has refused several, or says
// that this will pass.
func (m *Mailbox) withheld(items []item) error {
	refused := 0
	var first error
	for _, it := range items {
		switch {
		case errors.Is(it.err, ErrGone):
			continue
		case !answered(it.err):
			return nil
		case first == nil:
			first = it.err
		}
		refused++
	}
	if refused > 1 || coded(first) || temporary(first) && !vague(first) {
		return fault.Away(fault.Refused, fmt.Errorf("fetch %d messages of %s: %w", refused, m.o.Folder, first))
	}
	return nil
}

// batch returns how many of the first messages one FETCH may ask for, and whether for their headers only.
func (m *Mailbox) batch(ls []desk.Listing, limit int64) (n int, part imap.PartSpecifier) {
	var bytes int64
	part = section(ls[0], limit)
	for n < len(ls) && n < batchCount && section(ls[n], limit) == part {
		if bytes += ls[n].Size; n > 0 && bytes > batchBytes && part == imap.PartSpecifierNone {
			break
		}
		n++
	}
	return n, part
}

func section(l desk.Listing, limit int64) imap.PartSpecifier {
	if limit > 0 && l.Size > limit {
		return imap.PartSpecifierHeader
	}
	return imap.PartSpecifierNone
}
