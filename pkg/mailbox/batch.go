package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/spool"
)

// batch reads the messages of one FETCH, with further attempts until each of them has been delivered or has failed.
type batch struct {
	*Mailbox
	limit int64
	part  imap.PartSpecifier
	got   map[uint32]*item
}

// items returns the results in the order of ls. If err is not nil, it leaves out the messages without a result.
func (b *batch) items(ls []desk.Listing, err error) []item {
	var all []item
	for _, l := range ls {
		switch it := b.got[l.UID]; {
		case l.UIDValidity != b.validity:
			all = append(all, item{Listing: l,
				err: fault.New(fault.Never, fmt.Errorf("fetch %d: %w: its UIDVALIDITY is no longer %d",
					l.UID, ErrGone, l.UIDValidity))})
		case it != nil && it.body != nil && b.part == imap.PartSpecifierNone && it.body.Size() == 0 && l.Size > 0:
			// QUIRK: a server with failing storage may return an empty body and report success.
			it.body.Close()
			all = append(all, item{
				Listing: l,
				err:     fault.New(fault.Refused, fmt.Errorf("fetch %d: 0 bytes of %d came", l.UID, l.Size)),
			})
		case it != nil:
			if it.Size > 0 {
				l.Size = it.Size
			}
			all = append(all, item{Listing: l, body: it.body, err: it.err})
		case err == nil:
			all = append(all, item{Listing: l, err: fault.New(fault.Never, fmt.Errorf("fetch %d: %w", l.UID, ErrGone))})
		}
	}
	return all
}

// read fetches the messages together, then those still missing one by one. An error of read ends the whole Fetch.
func (b *batch) read(ctx context.Context, ls []desk.Listing) error {
	var uids []uint32
	for _, l := range ls {
		if l.UIDValidity == b.validity {
			uids = append(uids, l.UID)
		}
	}
	if len(uids) == 0 {
		return nil
	}
	if err := b.ready(ctx); err != nil {
		return err
	}
	err := b.fetch(ctx, uids)
	if left := absent(uids, b.got); err == nil && len(left) > 0 {
		// QUIRK: go-imap takes a FLAGS update before the answer for the answer itself, and the body is lost: ask once
		// more.
		err = b.fetch(ctx, left)
	}
	if err == nil {
		return nil
	}
	return b.singly(ctx, absent(uids, b.got), err)
}

// singly reads the messages missing after a broken batch with one FETCH each, which finds the one that breaks it.
func (b *batch) singly(ctx context.Context, uids []uint32, err error) error {
	breaks := 0
	for _, uid := range uids {
		if !answered(err) && err != nil {
			if broke := b.again(ctx, err); broke != nil {
				return broke
			}
		}
		err = b.fetch(ctx, []uint32{uid})
		switch {
		case err == nil:
			breaks = 0
			continue
		case leaves(err):
			return fault.Away(fault.Refused, fmt.Errorf("fetch %d: %w", uid, err))
		case !answered(err):
			breaks++
		}
		err = fmt.Errorf("fetch %d: %w", uid, err)
		if ctx.Err() != nil || breaks >= maxBreaks {
			return fault.Away(fault.Refused, err)
		}
		if b.got[uid] == nil {
			b.got[uid] = &item{err: fault.New(fault.Refused, err)}
		}
	}
	return nil
}

// fetch runs one FETCH of the bodies.
func (b *batch) fetch(ctx context.Context, uids []uint32) error {
	items := &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true, Specifier: b.part}}}
	s := b.main
	large := map[uint32]int64{}
	err := s.fetch(ctx, set(uids), items, func(msg *imapclient.FetchMessageData) error {
		uid, it, err := b.take(msg)
		switch {
		case uid == 0 || err != nil:
			return err
		case it.err != nil:
			b.got[uid] = it
		case it.body == nil:
			large[uid] = it.Size
		default:
			b.got[uid] = it
		}
		return nil
	})
	if errors.Is(err, spool.ErrShort) {
		if cause := s.conn.Failure(); cause != nil {
			err = fmt.Errorf("%w: %w", err, cause)
		}
	}
	if err != nil || len(large) == 0 {
		return err
	}
	return b.heads(ctx, large)
}

// heads reads the headers of messages that are longer than listed. It records their real size, which shows the reader
// that the body is missing.
func (b *batch) heads(ctx context.Context, large map[uint32]int64) error {
	uids := slices.Sorted(maps.Keys(large))
	err := (&batch{Mailbox: b.Mailbox, part: imap.PartSpecifierHeader, got: b.got}).fetch(ctx, uids)
	for uid, size := range large {
		if it := b.got[uid]; it != nil {
			it.Size = size
		}
	}
	return err
}

// take reads one message of an answer. An item with neither body nor error is a message over the limit that was listed
// as shorter.
func (b *batch) take(msg *imapclient.FetchMessageData) (uid uint32, it *item, err error) {
	for data := msg.Next(); data != nil; data = msg.Next() {
		switch data := data.(type) {
		case imapclient.FetchItemDataUID:
			uid = uint32(data.UID)
		case imapclient.FetchItemDataBodySection:
			// QUIRK: the section may be missing (BODY[] NIL).
			if data.Literal == nil || it != nil {
				continue
			}
			if n := data.Literal.Size(); b.part == imap.PartSpecifierNone && b.limit > 0 && n > b.limit {
				it = &item{Listing: desk.Listing{Size: n}}
				if err := skip(data.Literal, n); err != nil {
					return uid, nil, err
				}
				continue
			}
			// QUIRK: go-imap reports a literal cut short by a lost connection as a normal end of file, so the bytes are
			// counted.
			body, err := b.o.Folders.Read(data.Literal, data.Literal.Size())
			if errors.Is(err, spool.ErrNoRoom) { // a shorter message may fit
				if _, err := io.Copy(io.Discard, data.Literal); err != nil {
					return uid, nil, err
				}
				it = &item{err: full(err)}
				continue
			}
			if err != nil {
				return uid, nil, err
			}
			it = &item{body: body}
			if b.part == imap.PartSpecifierNone {
				it.Size = data.Literal.Size()
			}
		}
	}
	if it == nil {
		uid = 0 // without a body the message counts as not answered
	}
	return uid, it, nil
}

// skip reads and discards size bytes.
func skip(r io.Reader, size int64) error {
	if n, err := io.Copy(io.Discard, r); err != nil || n != size {
		return fmt.Errorf("%w: %d of %d bytes", spool.ErrShort, n, size)
	}
	return nil
}

// full adds advice to the error for a message that finds no room on disk. The message is not lost: it is still in the
// mailbox.
func full(err error) error {
	return fault.Away(fault.Refused, fmt.Errorf("%w: make room there, or set TMPDIR to a folder that has some", err))
}
