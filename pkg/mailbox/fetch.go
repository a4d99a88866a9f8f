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
	batchCount = 32      // messages of one FETCH; at a 20 ms round trip, more do not make it faster
	batchBytes = 4 << 20 // bytes of one FETCH; two batches are in memory at a time
	maxBreaks  = 5       // messages in a row that each cost a connection, after which the server is at fault
)

// Fetch reads the messages without marking them and calls fn for each, in the order of ls, with the whole body. fn must
// close the body. If a message is longer than limit bytes, Fetch reads only its header, and l.Size is greater than the
// body's (limit 0 = no limit). If a message cannot be fetched, fn is called with an error (ErrGone or the cause). If
// the server refuses every message, Fetch itself returns that error. The next messages are read while fn works, so fn
// must not call other methods. Fetch returns an error of fn unchanged and stops.
func (m *Mailbox) Fetch(ctx context.Context, ls []desk.Listing, limit int64,
	fn func(l desk.Listing, body *spool.Body, err error) error) error {
	out := make(chan []item)
	stop := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		defer close(out)
		failed <- m.produce(ctx, ls, limit, out, stop)
	}()
	defer func() { // also if fn panics: the connection must be at rest before its next use
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

// produce reads batch after batch, one ahead of the reader. It reports failed messages only after a message has arrived
// or all have been asked for, because until then the server itself may be at fault.
func (m *Mailbox) produce(ctx context.Context, ls []desk.Listing, limit int64, out chan<- []item,
	stop <-chan struct{}) error {
	var none []item // messages asked for before the first one arrived
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

// withheld returns an error if a server that delivered no message is itself at fault: it refused several messages, or
// says that the refusal is temporary.
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

// batch returns how many of the first messages go into one FETCH, and whether it reads only their headers.
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
