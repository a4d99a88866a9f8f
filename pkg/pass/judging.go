package pass

import (
	"context"
	"errors"
	"fmt"
	"io"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/spool"
)

// Diary records which messages are being read and judged, in a place that outlasts the process. If the process dies
// over a message, for example for lack of memory, the next process knows which one it was.
type Diary interface {
	Begin(l desk.Listing)
	End(l desk.Listing)
	Died(l desk.Listing) int // number of passes that died over it
	Forget(l desk.Listing)   // the message is recorded, or in the quarantine
}

// noDiary is used by a pass without a diary.
type noDiary struct{}

func (noDiary) Begin(desk.Listing)    {}
func (noDiary) End(desk.Listing)      {}
func (noDiary) Died(desk.Listing) int { return 0 }
func (noDiary) Forget(desk.Listing)   {}

// mostDeaths is the number of passes that may die over a message before it is put into the quarantine unread.
const mostDeaths = 2

// mostRunaways is the number of messages per pass whose work may continue past its time budget. Such work takes
// processor time from other messages.
const mostRunaways = 3

var errRunaways = errors.New("messages before it have used up their time")

// within runs a piece of work on a message within its time budget, and returns a panic as an error. Work that does not
// stop in time is abandoned and ends with the process, so its data must not be used again.
func within[T any](ctx context.Context, p *Pass, l desk.Listing, what string,
	work func(ctx context.Context) (T, error)) (T, error) {
	type outcome struct {
		v   T
		err error
	}
	var none T
	if p.runaways.Load() >= mostRunaways {
		return none, fault.Away(fault.Refused, fmt.Errorf("%s: %w", what, errRunaways))
	}
	budget, cancel := context.WithTimeout(ctx, p.Budget)
	defer cancel()
	p.diary.Begin(l)
	done := make(chan outcome, 1)
	go func() {
		defer p.diary.End(l)
		var o outcome
		o.err = outbox.Try(what, func() (err error) { o.v, err = work(budget); return err })
		done <- o
	}()
	select {
	case o := <-done:
		if o.err != nil && ctx.Err() == nil && budget.Err() != nil {
			o.err = fmt.Errorf("%s: its time of %s is used up", what, p.Budget)
		}
		return o.v, o.err
	case <-budget.Done():
		p.runaways.Add(1)
		if ctx.Err() != nil {
			return none, ctx.Err()
		}
		return none, fmt.Errorf("%s: its time of %s is used up", what, p.Budget)
	}
}

// over reports whether an error ends the work on all messages: the context has ended, or too many messages have
// exceeded their time.
func over(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, errRunaways))
}

// readerFunc is a function used as an io.Reader.
type readerFunc func(b []byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// until returns a reader that fails when the context ends.
func until(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(b []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(b)
	})
}

// read reads a message, or only its header if it is too large.
func (p *Pass) read(ctx context.Context, b Box, l desk.Listing, body *spool.Body, limit int64) (desk.Message, error) {
	return within(ctx, p, l, "read message", func(ctx context.Context) (desk.Message, error) {
		if tooLarge(l, limit) {
			m := eml.ReadHeader(body.Open(), l)
			m.Degraded = append(m.Degraded, desk.DegradedOversize)
			return m, nil
		}
		return Read(until(ctx, body.Open()), l, Reading{
			Cutter: p.cutter, Languages: p.kit.Languages,
			Event: func(e desk.Event) string { return p.kit.Texts(b.Name, "").Event(e, b.Zone) }})
	})
}

func tooLarge(l desk.Listing, limit int64) bool { return limit > 0 && l.Size > limit }

var errDied = errors.New("passes ended over it without a word, as for want of memory: only its header is read")

// survivors returns the messages that may be read. A message over which passes have died goes into the quarantine with
// the data of its header. If reading the header was fatal too, only its place is recorded.
func (p *Pass) survivors(ctx context.Context, b Box, mb Mailbox, ls []desk.Listing) (rest []desk.Listing, err error) {
	for _, l := range ls {
		died := p.diary.Died(l)
		if died < mostDeaths {
			rest = append(rest, l)
			continue
		}
		e := desk.Entry{Listing: l}
		if died == mostDeaths {
			if e, err = p.header(ctx, mb, l); err != nil {
				return rest, err
			}
		}
		if err = p.ready(); err == nil {
			err = p.putAway(ctx, b, e, errDied)
		}
		if err != nil {
			return rest, err
		}
	}
	return rest, nil
}

// header fetches the header of a message.
func (p *Pass) header(ctx context.Context, mb Mailbox, l desk.Listing) (e desk.Entry, err error) {
	e.Listing = l
	err = mb.Fetch(ctx, []desk.Listing{l}, 1, func(_ desk.Listing, body *spool.Body, err error) error {
		if err != nil {
			return nil // the place is enough
		}
		defer body.Close()
		m, err := within(ctx, p, l, "read header", func(context.Context) (desk.Message, error) {
			return eml.ReadHeader(body.Open(), l), nil
		})
		e.ID, e.From, e.Subject = m.ID, m.From, m.Subject
		return err
	})
	return e, err
}
