package pass

import (
	"context"
	"fmt"
	"io"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/spool"
)

// take fetches some messages, decides and records them.
func (p *Pass) take(ctx context.Context, b Box, mb Mailbox, ls []desk.Listing) error {
	ms, err := p.fetch(ctx, b, mb, ls)
	if err != nil {
		return err
	}
	return p.decide(ctx, b, mb, ms, func(e desk.Entry, cause error) error { return p.failed(ctx, b, e, cause) })
}

func places(ls []desk.Listing) []desk.Place {
	ps := make([]desk.Place, len(ls))
	for i, l := range ls {
		ps[i] = l.Place
	}
	return ps
}

// fetch reads some messages; those that can't be read are dealt with at once.
func (p *Pass) fetch(ctx context.Context, b Box, mb Mailbox, ls []desk.Listing) (ms []desk.Message, err error) {
	if len(ls) == 0 {
		return nil, nil
	}
	came := map[desk.Place]bool{}
	take := func(l desk.Listing, body *spool.Body, err error) error {
		came[l.Place] = true
		if err == nil {
			var m desk.Message
			if m, err = p.read(l, body, b.MaxMessage); err == nil {
				ms = append(ms, m)
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return p.failed(ctx, b, desk.Entry{Listing: l}, err)
	}
	err = mb.Fetch(ctx, ls, b.MaxMessage, take)
	if !outbox.Panicked(err) {
		return ms, err
	}
	for _, l := range ls { // one of them it was
		if came[l.Place] {
			continue
		}
		if err = mb.Fetch(ctx, []desk.Listing{l}, b.MaxMessage, take); outbox.Panicked(err) {
			err = p.failed(ctx, b, desk.Entry{Listing: l}, err)
		}
		if err != nil {
			return ms, err
		}
	}
	return ms, nil
}

// read reads a message and keeps it, within its budget and whatever happens in the reading.
func (p *Pass) read(l desk.Listing, body *spool.Body, limit int64) (m desk.Message, err error) {
	defer outbox.Caught("read message", &err)
	if limit > 0 && l.Size > limit {
		defer body.Close()
		m = eml.ReadHeader(body.Open(), l)
		m.Degraded = append(m.Degraded, desk.DegradedOversize)
		return m, nil
	}
	p.Outbox.Bodies.Add(l.Place, body)
	return Read(&limited{r: body.Open(), until: p.Now().Add(p.Budget), now: p.Now}, l, p.kit.Cutter)
}

// limited ends a reading that takes too long.
type limited struct {
	r     io.Reader
	until time.Time
	now   func() time.Time
}

func (l *limited) Read(b []byte) (int, error) {
	if l.now().After(l.until) {
		return 0, fmt.Errorf("read message: its time budget is used up")
	}
	return l.r.Read(b)
}
