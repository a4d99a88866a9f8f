package pass

import (
	"context"
	"errors"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/spool"
)

// fetched is a message as it came from its mailbox, or why it did not.
type fetched struct {
	desk.Listing
	body *spool.Body
	err  error
}

// textsAtOnce is how many bytes of text are held of messages that are read and not yet recorded.
const textsAtOnce = 4 << 20

// take fetches some messages, reads, decides and records them, as many at a time as their texts allow.
func (p *Pass) take(ctx context.Context, b Box, mb Mailbox, ls []desk.Listing) error {
	ls, err := p.survivors(ctx, b, mb, ls)
	if err != nil {
		return err
	}
	all, err := p.fetch(ctx, b, mb, ls)
	if err != nil {
		return err
	}
	failed := func(e desk.Entry, cause error) error { return p.failed(ctx, b, e, cause) }
	var (
		ms    []desk.Message
		bytes int
	)
	for _, f := range all {
		m, err := desk.Message{}, f.err
		if err == nil {
			m, err = p.read(ctx, b, f.Listing, f.body, b.MaxMessage)
		}
		if tooLarge(f.Listing, b.MaxMessage) {
			f.body.Close()
		}
		switch {
		case over(ctx, err):
			return err
		case f.err != nil && fault.ExtentOf(f.err) == fault.Server: // no fault of the message's
			p.tally.Problem("mailbox "+b.Name, err)
			p.tally.Wait(1)
			continue
		case err != nil:
			if err := failed(desk.Entry{Listing: f.Listing}, err); err != nil {
				return err
			}
			continue
		}
		ms = append(ms, m)
		if bytes += texts(&m); bytes < textsAtOnce {
			continue
		}
		if err := p.decide(ctx, b, mb, ms, failed); err != nil {
			return err
		}
		ms, bytes = nil, 0
	}
	return p.decide(ctx, b, mb, ms, failed)
}

// texts is how many bytes of text a message holds.
func texts(m *desk.Message) int {
	return len(m.Plain) + len(m.HTML) + len(m.FullText) + len(m.FullCode) + len(m.Text) + len(m.BBCode) + len(m.Quoted)
}

func places(ls []desk.Listing) []desk.Place {
	ps := make([]desk.Place, len(ls))
	for i, l := range ls {
		ps[i] = l.Place
	}
	return ps
}

// fetch gets some messages. A panic over one of them is that one's.
func (p *Pass) fetch(ctx context.Context, b Box, mb Mailbox, ls []desk.Listing) (all []fetched, err error) {
	if len(ls) == 0 {
		return nil, nil
	}
	came := map[desk.Place]bool{}
	take := func(l desk.Listing, body *spool.Body, err error) error {
		came[l.Place] = true
		if err == nil && !tooLarge(l, b.MaxMessage) {
			p.Outbox.Bodies.Add(l.Place, body)
		}
		all = append(all, fetched{l, body, err})
		return ctx.Err()
	}
	err = mb.Fetch(ctx, ls, b.MaxMessage, take)
	if !outbox.Panicked(err) {
		return all, err
	}
	for _, l := range ls { // one of them it was
		if came[l.Place] {
			continue
		}
		if err = mb.Fetch(ctx, []desk.Listing{l}, b.MaxMessage, take); outbox.Panicked(err) {
			all = append(all, fetched{Listing: l, err: errors.Unwrap(err)})
		} else if err != nil {
			return all, err
		}
	}
	return all, nil
}
