package pass

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
)

// Poll processes the mailboxes in p.Looked: it decides and records new messages and makes their effects.
func (p *Pass) Poll(ctx context.Context) (*Report, error) {
	return p.run("poll", false, func() error {
		err := (&retrier{p}).decideAgain(ctx)
		if err == nil {
			err = p.mailboxes(ctx, false, p.Outbox.Round)
		}
		if err == nil {
			err = p.Outbox.Run(ctx) // the last letters, and what earlier runs have left
		}
		if err == nil {
			err = p.Outbox.Confirm(ctx, nil)
		}
		if err == nil {
			err = (&retrier{p}).release()
		}
		return err
	})
}

// Preview is Poll without effects: it stops after the decisions. The state must be an overlay, in which the decisions
// are recorded so that later messages are decided as if the earlier ones had been processed.
func (p *Pass) Preview(ctx context.Context) (*Report, error) {
	return p.run("poll", true, func() error {
		err := (&retrier{p}).decideAgain(ctx)
		if err == nil {
			err = p.mailboxes(ctx, true, nil)
		}
		return err
	})
}

// mailboxes processes every mailbox in p.Looked, in the order of the settings. A mailbox that is away does not stop the
// others. settle makes the effects of recorded messages in between; nil = no effects are made. Errors come only from
// the state.
func (p *Pass) mailboxes(ctx context.Context, readOnly bool, settle func(context.Context) error) error {
	for _, b := range p.Boxes {
		l := p.Looked[b.Name]
		if l == nil {
			continue
		}
		err := p.worked(ctx, b, l, readOnly, settle)
		p.report.Mailboxes = append(p.report.Mailboxes, MailboxRead{b.Name, len(l.unseen) + l.old, l.old, err})
		if err != nil && fault.Known(err) {
			p.tally.Problem("mailbox "+b.Name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("mailbox %s: %w", b.Name, err)
		}
	}
	return nil
}

// worked processes a mailbox and closes it.
func (p *Pass) worked(ctx context.Context, b Box, l *looked, readOnly bool, settle func(context.Context) error) error {
	if errors.Is(l.err, ErrNeedsState) {
		l.into(ctx, b, readOnly, p.Now())
	}
	defer l.close(b.Name, p.Log)
	p.report.Old, p.report.Listed = p.report.Old+l.old, p.report.Listed+len(l.unseen)+l.old
	if l.err == nil && l.mb == nil && !p.Lost.IsZero() {
		l.mb, l.err = b.open(ctx, readOnly)
	}
	if l.err != nil || l.mb == nil {
		return l.err
	}
	return p.mailbox(ctx, b, l, settle)
}

// list returns the messages to be processed: the unread ones that are not too old and, if the state has lost its last
// commits, messages marked since then that the state does not know.
func (p *Pass) list(ctx context.Context, b Box, l *looked) ([]desk.Listing, error) {
	if p.Lost.IsZero() {
		return l.unseen, nil
	}
	all, mb := l.unseen, l.mb
	marked, err := mb.Since(ctx, p.Lost)
	if err != nil {
		return nil, err
	}
	marked = slices.DeleteFunc(marked, func(l desk.Listing) bool { return !l.Seen })
	progress, err := p.ledger.Progress(marked)
	if err != nil {
		return nil, err
	}
	for i, l := range marked {
		if !progress[i].Known && (b.MaxAge <= 0 || p.Now().Sub(l.Received) <= b.MaxAge) {
			all = append(all, l)
			p.report.Listed++
		}
	}
	slices.SortFunc(all, func(a, b desk.Listing) int { return cmp.Compare(a.UID, b.UID) })
	return all, nil
}

func (p *Pass) mailbox(ctx context.Context, b Box, l *looked, settle func(context.Context) error) error {
	mb := l.mb
	ls, err := p.list(ctx, b, l)
	if err != nil || len(ls) == 0 {
		return err
	}
	progress, err := p.ledger.Progress(ls)
	if err != nil {
		return err
	}
	other, err := others(ctx, mb.MessageIDs, ls, progress)
	if err != nil {
		return err
	}
	var known, fresh []desk.Listing
	for i, l := range ls {
		if progress[i].Known && !other[l.UID] {
			known = append(known, l)
		} else {
			fresh = append(fresh, l)
		}
	}
	if len(known) > 0 && settle != nil {
		p.advance(len(known), 0)
		if err := p.Outbox.Run(ctx); err != nil {
			return err
		}
		if _, err := p.mark(ctx, b, mb, known); err != nil {
			return err
		}
	}
	return p.chunks(ctx, b, mb, fresh, settle)
}

// others returns the UIDs of messages that differ from the recorded ones at the same places, judged by the Message-ID.
// It checks only places with a record. In a poll these are unmarked messages, which are few.
func others(ctx context.Context, ids func(context.Context, []uint32) (map[uint32][]byte, error), ls []desk.Listing,
	progress []desk.Progress) (map[uint32]bool, error) {
	var uids []uint32
	for i, l := range ls {
		if progress[i].Known && progress[i].ID != "" {
			uids = append(uids, l.UID)
		}
	}
	if len(uids) == 0 {
		return nil, nil
	}
	heads, err := ids(ctx, uids)
	if err != nil {
		return nil, err
	}
	other := map[uint32]bool{}
	for i, l := range ls {
		if head, ok := heads[l.UID]; ok && progress[i].Known && progress[i].ID != "" {
			m := eml.ReadHeader(bytes.NewReader(head), l)
			other[l.UID] = m.ID != progress[i].ID && !(m.DerivedID && eml.IsDerived(progress[i].ID))
		}
	}
	return other, nil
}

// portionBytes is the maximum size of the messages fetched at a time; a larger message is fetched alone. Two portions
// exist at a time, plus the messages kept from earlier portions that wait for their tasks.
const portionBytes = (outbox.MostBytes - outbox.LagBytes) / 2

// portion splits off the messages that are fetched together: at most as many as one transaction records, within the
// size limit. A message over the limit does not count, because only its header is fetched.
func portion(ls []desk.Listing, limit int64) (head, rest []desk.Listing) {
	room := int64(portionBytes)
	for i, l := range ls {
		if !tooLarge(l, limit) {
			room -= l.Size
		}
		if i == chunk || i > 0 && room < 0 {
			return ls[:i], ls[i:]
		}
	}
	return ls, nil
}

// chunks processes new messages in portions.
func (p *Pass) chunks(ctx context.Context, b Box, mb Mailbox, fresh []desk.Listing,
	settle func(context.Context) error) error {
	if len(fresh) == 0 {
		return nil
	}
	p.advance(len(fresh), 0)
	var loading sync.WaitGroup // meanwhile the first letters are fetched; readyToRead has the errors
	loading.Go(func() { _, _ = p.equip() })
	loading.Go(func() { _, _ = p.compileCut() })
	defer loading.Wait()
	if settle == nil { // no effects are made, so nothing is marked
		return p.preview(ctx, b, mb, fresh)
	}
	w := &work{p, b, mb, settle, nil}
	err := w.portions(ctx, fresh)
	for err == nil && len(p.roomless) > 0 && ctx.Err() == nil {
		l := p.roomless[0]
		p.roomless = p.roomless[1:]
		p.Outbox.Bodies.Clear()
		if err = p.takeAlone(ctx, b, mb, l); err == nil {
			err = settle(ctx)
		}
		w.open = append(w.open, l)
	}
	p.roomless = nil
	if err != nil || ctx.Err() != nil {
		return err
	}
	if err := p.Outbox.Run(ctx); err != nil {
		return err
	}
	_, err = p.mark(ctx, b, mb, w.open)
	return err
}

// preview decides new messages in portions.
func (p *Pass) preview(ctx context.Context, b Box, mb Mailbox, fresh []desk.Listing) (err error) {
	var ls []desk.Listing
	for len(fresh) > 0 && err == nil && ctx.Err() == nil {
		ls, fresh = portion(fresh, b.MaxMessage)
		err = p.take(ctx, b, mb, ls)
		p.Outbox.Bodies.Clear()
		for _, l := range p.roomless {
			if err == nil {
				err = p.takeAlone(ctx, b, mb, l)
			}
			p.Outbox.Bodies.Clear()
		}
		p.roomless = nil
		p.advance(0, len(ls))
	}
	return err
}

// work is the processing of a mailbox's new messages.
type work struct {
	*Pass
	b      Box
	mb     Mailbox
	settle func(context.Context) error
	open   []desk.Listing // recorded but not marked
}

// portions processes messages in portions. While the effects of one portion are made, earlier messages are marked and
// the next portion is fetched and recorded. The letters of a portion are sent together with the tasks of the next one.
// If two portions are too large for the disk together, these steps run one after the other.
func (w *work) portions(ctx context.Context, fresh []desk.Listing) error {
	ls, fresh := portion(fresh, w.b.MaxMessage)
	err := w.take(ctx, w.b, w.mb, ls)
	for len(ls) > 0 && err == nil && ctx.Err() == nil {
		next, rest := portion(fresh, w.b.MaxMessage)
		follow := func() error { return w.settle(ctx) }
		take := func() error {
			all, err := w.bring(ctx, w.b, w.mb, next)
			if err == nil { // by now the database has written what the last round has made
				w.open, err = w.mark(ctx, w.b, w.mb, w.open)
			}
			if err == nil {
				err = w.taken(ctx, w.b, w.mb, w.b.MaxMessage, all)
			}
			return err
		}
		if bytesOf(ls, w.b.MaxMessage)+bytesOf(next, w.b.MaxMessage) <= 2*portionBytes {
			err = w.Outbox.AtOnce(follow, take)
		} else if err = follow(); err == nil {
			w.Outbox.Bodies.Clear()
			err = take()
		}
		w.open = append(w.open, except(ls, w.roomless)...)
		w.Outbox.Bodies.Keep(places(next), places(w.open))
		ls, fresh = next, rest
	}
	return err
}

// bytesOf returns the number of bytes that are fetched for messages.
func bytesOf(ls []desk.Listing, limit int64) (sum int64) {
	for _, l := range ls {
		if !tooLarge(l, limit) {
			sum += l.Size
		}
	}
	return sum
}

// except returns the messages that are not in these.
func except(ls, these []desk.Listing) []desk.Listing {
	return slices.DeleteFunc(slices.Clone(ls), func(l desk.Listing) bool { return slices.Contains(these, l) })
}
