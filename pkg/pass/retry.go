package pass

import (
	"context"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/spool"
)

// retrier is the part of a pass that processes messages which a person has released from the quarantine for another
// try.
type retrier struct{ *Pass }

// retry is a quarantine entry to be tried again, with the progress of its message.
type retry struct {
	desk.Quarantined
	desk.Progress
}

// released returns the entries to be tried again.
func (p *retrier) released() (out []retry, err error) {
	all, err := p.quarantine.All()
	if err != nil {
		return nil, err
	}
	var at []desk.Listing
	for _, q := range all {
		if q.Again {
			out, at = append(out, retry{Quarantined: q}), append(at, desk.Listing{
				Place: q.Place,
				Stamp: q.Stamp,
				Seen:  true,
			})
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	progress, err := p.ledger.Progress(at)
	for i := range progress {
		out[i].Progress = progress[i]
	}
	return out, err
}

// decideAgain decides the released messages as if they had just arrived.
func (p *retrier) decideAgain(ctx context.Context) error {
	all, err := p.released()
	if err != nil {
		return err
	}
	for _, q := range all {
		b, ok := p.box(q.Place.Mailbox)
		if q.Decided || !ok { // without its mailbox it must wait
			continue
		}
		if err := p.readAgain(ctx, b, q.Quarantined); err != nil {
			return err
		}
	}
	return nil
}

func (p *retrier) readAgain(ctx context.Context, b Box, q desk.Quarantined) error {
	if err := p.readyToRead(); err != nil {
		return err
	}
	l := desk.Listing{Place: q.Place, Size: q.Size, Received: q.Arrived, Stamp: q.Stamp}
	if q.Arrived.IsZero() {
		l.Received = q.At
	}
	if p.diary.Died(l) >= mostDeaths {
		p.diary.Forget(l)
		return p.failedAgain(desk.Entry{Listing: l}, errDied)
	}
	body, err := p.original(ctx, q)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && fault.Known(err) && fault.ExtentOf(err) != fault.One: // it waits for its mailbox
		p.tally.Problem("mailbox "+b.Name, err)
		p.tally.Wait(1)
		return nil
	case err != nil && fault.Known(err):
		return p.failedAgain(desk.Entry{Listing: l}, err)
	case err != nil:
		return err
	}
	defer p.Outbox.Bodies.Clear()
	p.Outbox.Bodies.Add(l.Place, body)
	m, err := p.read(ctx, b, l, body, b.MaxMessage)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return p.failedAgain(desk.Entry{Listing: l}, err)
	}
	return p.decide(ctx, b, nil, []desk.Message{m}, p.failedAgain)
}

// original returns the bytes of a message, from the quarantine or from its mailbox.
func (p *retrier) original(ctx context.Context, q desk.Quarantined) (*spool.Body, error) {
	_, raw, err := p.quarantine.Entry(q.Seq)
	if err != nil || raw == nil {
		if err == nil {
			return p.Outbox.Original(ctx, q)
		}
		return nil, err
	}
	return spool.Hold(raw), nil
}

// failedAgain keeps a message in the quarantine after another failure. Such failures are not counted: the person who
// releases the message decides how often to retry.
func (p *retrier) failedAgain(e desk.Entry, cause error) error {
	p.Log.Info("message", "mailbox", e.Mailbox, "uid", e.UID, "message", e.ID, "err", cause)
	p.tally.Count(func(c *outbox.Counts) { c.Quarantine++ })
	_, err := p.quarantine.Keep(p.Now(), known(e), desk.Keeping{Key: quarantineKey(e), Cause: cause.Error()}, nil)
	return err
}

// release removes from the quarantine the messages that need no task or comment or have got theirs. It waits until
// then because the quarantine may have the only copy of their files.
func (p *retrier) release() error {
	all, err := p.released()
	if err != nil {
		return err
	}
	for _, q := range all {
		if !q.Decided || !q.Ready {
			continue
		}
		if err := p.quarantine.Release(q.Seq); err != nil {
			return err
		}
	}
	return nil
}
