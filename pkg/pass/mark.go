package pass

import (
	"context"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
)

// mark marks on the server the messages that need no task or comment or have got theirs, and returns the others.
// Errors come only from the state. A server that refuses the marks is a problem of this pass, and the next pass marks
// what is left.
func (p *Pass) mark(ctx context.Context, b Box, mb Mailbox, ls []desk.Listing) (open []desk.Listing, err error) {
	progress, err := p.ledger.Progress(ls)
	if err != nil {
		return ls, err
	}
	var (
		uids []uint32
		done []desk.Place
	)
	for i, l := range ls {
		// QUIRK: Exchange lists an estimated size, and a size that cannot be read is listed as none; so the result of
		// reading counts.
		tooBig := progress[i].Oversize || b.MaxMessage > 0 && l.Size > b.MaxMessage
		switch {
		case tooBig && b.Moves: // stays in its folder
		case progress[i].Ready:
			uids, done = append(uids, l.UID), append(done, l.Place)
		default:
			open = append(open, l)
		}
	}
	if len(uids) == 0 || p.tally.Away(marksOf(b)) != nil {
		return open, nil
	}
	if err := p.Outbox.Flush(); err != nil { // the marks must not know more than the state
		return ls, err
	}
	if err := mb.Mark(ctx, uids); err != nil {
		return open, unmarked(p.tally, b, err)
	}
	p.tally.Count(func(c *outbox.Counts) { c.Marked += len(uids) })
	p.advance(0, len(uids))
	p.ledger.Marked(done)
	return open, nil
}

// unmarked records that a mailbox does not accept marks. It is not asked again in this pass, so a full or read-only
// folder costs one refusal and does not delay new mail.
func unmarked(t *outbox.Tally, b Box, err error) error {
	if !fault.Known(err) {
		return err
	}
	t.Shun(marksOf(b), err)
	t.Problem("mailbox "+b.Name, err)
	return nil
}

func marksOf(b Box) string { return "marks of " + b.Name }
