package pass

import (
	"context"
	"errors"
	"slices"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/spool"
)

// fetched is a message as fetched from its mailbox, or the error.
type fetched struct {
	desk.Listing
	body *spool.Body
	err  error
}

// textsAtOnce is the maximum size in bytes of the texts of messages that are read but not recorded.
const textsAtOnce = 4 << 20

// take fetches, reads, decides and records some messages.
func (p *Pass) take(ctx context.Context, b Box, mb Mailbox, ls []desk.Listing) error {
	all, err := p.bring(ctx, b, mb, ls)
	if err != nil {
		return err
	}
	return p.taken(ctx, b, mb, b.MaxMessage, all)
}

// bring fetches some messages. Those that do not fit on the disk beside the others are left for later.
func (p *Pass) bring(ctx context.Context, b Box, mb Mailbox, ls []desk.Listing) ([]fetched, error) {
	ls, err := p.survivors(ctx, b, mb, ls)
	if err != nil {
		return nil, err
	}
	all, err := p.fetch(ctx, mb, ls, b.MaxMessage)
	return slices.DeleteFunc(all, func(f fetched) bool {
		if errors.Is(f.err, spool.ErrNoRoom) {
			p.roomless = append(p.roomless, f.Listing)
			return true
		}
		return false
	}), err
}

// takeAlone is take for a message that needs all the room. If it does not fit even alone, it is treated as too large: a
// task is made from its header, and the message stays in the mailbox.
func (p *Pass) takeAlone(ctx context.Context, b Box, mb Mailbox, l desk.Listing) error {
	const headersOnly = 1
	limit := b.MaxMessage
	all, err := p.fetch(ctx, mb, []desk.Listing{l}, limit)
	if err == nil && len(all) == 1 && errors.Is(all[0].err, spool.ErrNoRoom) {
		p.tally.Problem("mailbox "+b.Name, all[0].err)
		limit = headersOnly
		all, err = p.fetch(ctx, mb, []desk.Listing{l}, limit)
	}
	if err != nil {
		return err
	}
	return p.taken(ctx, b, mb, limit, all)
}

// taken reads, decides and records fetched messages, as many at a time as the size of their texts allows. Of a message
// over the limit it reads only the header.
func (p *Pass) taken(ctx context.Context, b Box, mb Mailbox, limit int64, all []fetched) error {
	if err := p.readyToRead(); err != nil {
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
			m, err = p.read(ctx, b, f.Listing, f.body, limit)
		}
		if tooLarge(f.Listing, limit) {
			f.body.Close()
		}
		switch {
		case over(ctx, err):
			return err
		case f.err != nil && fault.ExtentOf(f.err) == fault.Server: // not the message's fault
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

// texts returns the size of a message's texts in bytes.
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

// fetch fetches some messages. A panic becomes the error of the message that caused it.
func (p *Pass) fetch(ctx context.Context, mb Mailbox, ls []desk.Listing, limit int64) (all []fetched, err error) {
	if len(ls) == 0 {
		return nil, nil
	}
	came := map[desk.Place]bool{}
	take := func(l desk.Listing, body *spool.Body, err error) error {
		came[l.Place] = true
		if err == nil && !tooLarge(l, limit) {
			p.Outbox.Bodies.Add(l.Place, body)
		}
		all = append(all, fetched{l, body, err})
		return ctx.Err()
	}
	err = mb.Fetch(ctx, ls, limit, take)
	if !outbox.Panicked(err) {
		return all, err
	}
	for _, l := range ls { // one of them caused the panic
		if came[l.Place] {
			continue
		}
		if err = mb.Fetch(ctx, []desk.Listing{l}, limit, take); outbox.Panicked(err) {
			all = append(all, fetched{Listing: l, err: errors.Unwrap(err)})
		} else if err != nil {
			return all, err
		}
	}
	return all, nil
}
