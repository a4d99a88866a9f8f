package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/spool"
)

// Why a file can't be had: ever, or as long as its mailbox is away.
var (
	errGone = errors.New("the message is no longer in the mailbox")
	errAway = errors.New("the mailbox is away")
)

// content opens a file of a message: from those being worked on, else from its mailbox, else from the quarantine.
func (o *Outbox) content(ctx context.Context, post *desk.Post, f desk.File) (_ io.ReadCloser, err error) {
	defer Caught("open file", &err)
	if post.Message == nil {
		return nil, fault.New(fault.Never, fmt.Errorf("open %s: %w", f.Name, errGone))
	}
	kept, err := o.body(ctx, *post.Message)
	for _, at := range post.Copies {
		if !errors.Is(err, errGone) {
			break
		}
		kept, err = o.body(ctx, at)
	}
	if err != nil {
		return nil, err
	}
	if f.Part == desk.WholeMessage {
		return io.NopCloser(kept.Open()), nil
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(extract(kept, f.Part, w)) }()
	return r, nil
}

// extract writes a part of a message, and fails instead of ending the program.
func extract(kept *spool.Body, part int, w io.Writer) (err error) {
	defer Caught("extract file", &err)
	return eml.Extract(kept.Open(), part, w)
}

// body returns a message that is being worked on, or reads it again.
func (o *Outbox) body(ctx context.Context, at desk.Place) (*spool.Body, error) {
	if kept, ok := o.Bodies.Get(at); ok {
		return kept, nil
	}
	return o.refetch(ctx, at)
}

// refetch reads a message again for its files.
func (o *Outbox) refetch(ctx context.Context, at desk.Place) (*spool.Body, error) {
	raw, err := o.kept.Stored(at)
	if err != nil {
		return nil, err
	}
	if raw != nil {
		return spool.Hold(raw), nil
	}
	s, ok := o.sender(at.Mailbox)
	if !ok {
		return nil, fault.New(fault.Refused, fmt.Errorf("fetch message: mailbox %s is not configured any more", at.Mailbox))
	}
	from, err := s.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAway, err)
	}
	defer from.Close()
	var kept *spool.Body
	err = from.Fetch(ctx, []desk.Listing{{Place: at}}, 0, func(l desk.Listing, body *spool.Body, err error) error {
		if err == nil {
			kept = body
			o.Bodies.Add(at, body)
		}
		return err
	})
	switch {
	case kept == nil && (err == nil || fault.Of(err) == fault.Never):
		err = fault.New(fault.Never, fmt.Errorf("fetch message %d of mailbox %s: %w", at.UID, at.Mailbox, errGone))
	case err != nil && fault.ExtentOf(err) != fault.One:
		err = fmt.Errorf("%w: %w", errAway, err)
	}
	return kept, err
}
