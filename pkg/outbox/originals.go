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

// Reasons why a file is not available: permanently, or while its mailbox is away.
var (
	errGone = errors.New("the message is no longer in the mailbox")
	errAway = errors.New("the mailbox is away")
)

// content opens a file of a message: from the messages being processed, from the quarantine, or from its mailbox.
func (o *Outbox) content(ctx context.Context, post *desk.Post, f desk.File) (_ io.ReadCloser, err error) {
	defer Caught("open file", &err)
	if post.Message == nil {
		return nil, fault.New(fault.Never, fmt.Errorf("open %s: %w", f.Name, errGone))
	}
	kept, done, err := o.body(ctx, *post.Message, post, f)
	for _, at := range post.Copies {
		if !errors.Is(err, errGone) {
			break
		}
		kept, done, err = o.body(ctx, at, post, f)
	}
	if err != nil {
		return nil, err
	}
	if f.Part == desk.WholeMessage {
		return reading{kept.Open(), done}, nil
	}
	r, w := io.Pipe()
	go func() {
		defer done()
		w.CloseWithError(extract(kept, f.Part, w))
	}()
	return r, nil
}

// reading is a reader of a message that calls done when it is closed.
type reading struct {
	io.Reader
	done func()
}

func (r reading) Close() error {
	r.done()
	return nil
}

// extract writes a part of a message. It returns a panic as an error.
func extract(kept *spool.Body, part int, w io.Writer) (err error) {
	defer Caught("extract file", &err)
	return eml.Extract(kept.Open(), part, w)
}

// body returns the message of a post: from the messages being processed, from the quarantine, or from its mailbox. A
// different message at the same place is ignored: a restored mailbox assigns the numbers anew. The caller must call
// done after reading.
func (o *Outbox) body(ctx context.Context, at desk.Place, post *desk.Post,
	f desk.File) (kept *spool.Body, done func(), err error) {
	nothing := func() {}
	kept, key := o.Bodies.Get(at)
	if kept != nil && (key != "" && key == post.Of || is(kept, at, post, f)) {
		return kept, nothing, nil
	}
	stored, err := o.kept.Stored(at)
	if err != nil {
		return nil, nothing, err
	}
	for _, raw := range stored {
		if kept := spool.Hold(raw); is(kept, at, post, f) {
			return kept, nothing, nil
		}
	}
	if kept, err = o.refetch(ctx, at); err != nil {
		return nil, nothing, err
	}
	if !is(kept, at, post, f) {
		kept.Close()
		return nil, nothing, gone(at)
	}
	if !o.Bodies.Room(kept.Size()) { // its other files will be fetched again
		return kept, kept.Close, nil
	}
	o.Bodies.Add(at, kept)
	o.Bodies.Name(at, post.Of)
	return kept, nothing, nil
}

// is reports whether the bytes are the message of a post. It compares the Message-ID and the content, or the hash for a
// message that could not be parsed. For the latter, earlier versions recorded only the size.
func is(kept *spool.Body, at desk.Place, post *desk.Post, f desk.File) bool {
	if post.Hash != "" {
		hash, err := kept.Hash()
		return err == nil && hash == post.Hash
	}
	if post.Of == "" {
		return f.Part != desk.WholeMessage || f.Size == 0 || f.Size == kept.Size()
	}
	key, err := keyOf(kept, desk.Listing{Place: at, Size: kept.Size(), Received: post.At})
	return err == nil && key == post.Of
}

// keyOf parses a message to get its key.
func keyOf(kept *spool.Body, l desk.Listing) (key string, err error) {
	defer Caught("read message", &err)
	m, err := eml.Parse(kept.Open(), l)
	return desk.MessageKey(&m), err
}

func gone(at desk.Place) error {
	return fault.New(fault.Never, fmt.Errorf("fetch message %d of mailbox %s: %w", at.UID, at.Mailbox, errGone))
}

// refetch fetches a message again to read its files.
func (o *Outbox) refetch(ctx context.Context, at desk.Place) (*spool.Body, error) {
	s, ok := o.sender(at.Mailbox)
	if !ok {
		return nil, fault.New(fault.Refused,
			fmt.Errorf("fetch message: mailbox %s is not configured any more", at.Mailbox))
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
		}
		return err
	})
	if err != nil {
		kept.Close()
	}
	switch {
	case kept == nil && (err == nil || fault.Of(err) == fault.Never):
		err = gone(at)
	case err != nil && fault.ExtentOf(err) != fault.One:
		err = fmt.Errorf("%w: %w", errAway, err)
	}
	return kept, err
}

// Original fetches a message of the quarantine from its mailbox. It returns an error if there is a different message at
// its place.
func (o *Outbox) Original(ctx context.Context, q desk.Quarantined) (_ *spool.Body, err error) {
	defer Caught("fetch message", &err)
	kept, err := o.refetch(ctx, q.Place)
	if err != nil {
		return nil, err
	}
	if same, err := isQuarantined(kept, q); err != nil || !same {
		kept.Close()
		return nil, errors.Join(err, gone(q.Place))
	}
	return kept, nil
}

// isQuarantined reports whether the bytes are a message of the quarantine. It compares the hash or, for servers that
// generate a message anew each time, the Message-ID and size. A message that was never read is compared by what its
// entry contains.
func isQuarantined(kept *spool.Body, q desk.Quarantined) (bool, error) {
	if q.Hash != "" {
		if hash, err := kept.Hash(); err != nil || hash == q.Hash {
			return err == nil, err
		}
		if q.ID == "" || q.Size != kept.Size() {
			return false, nil
		}
	}
	if q.ID == "" {
		return q.Size == 0 || q.Size == kept.Size(), nil
	}
	m := eml.ReadHeader(kept.Open(), desk.Listing{Place: q.Place, Size: kept.Size(), Received: q.Arrived})
	return m.ID == q.ID, nil
}
