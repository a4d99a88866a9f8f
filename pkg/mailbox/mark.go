package mailbox

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helpdesk/pkg/fault"
)

// Mark marks the messages as done on the server: it sets \Seen, or moves them to MoveTo. Messages that are gone are not
// an error. Marking twice does no harm.
func (m *Mailbox) Mark(ctx context.Context, uids []uint32) error {
	if m.readOnly {
		return fault.New(fault.Never, fmt.Errorf("mark messages: %w", errReadOnly))
	}
	uids = slices.Clone(uids)
	slices.Sort(uids)
	for _, chunk := range chunks(slices.Compact(uids)) {
		mark := func(s *session) error { return s.flag(ctx, chunk, imap.FlagSeen) }
		if m.o.MoveTo != "" {
			mark = func(s *session) error { return s.move(ctx, chunk, m.o.MoveTo) }
		}
		if err := m.try(ctx, mark); err != nil {
			return m.markFault(ctx, err)
		}
	}
	return nil
}

func (m *Mailbox) markFault(ctx context.Context, err error) error {
	err = fmt.Errorf("mark messages in %s: %w", m.o.Folder, err)
	switch {
	case !answered(err):
		return fault.Away(fault.Refused, err)
	case m.o.MoveTo != "" && m.main.missing(ctx, m.o.MoveTo):
		return fault.Misconfigured(fmt.Errorf("%w; the folder %s of imap.move_to is not there: create it, or set "+
			"imap.move_to to one the "+
			"server has", err, m.o.MoveTo))
	}
	return fault.New(fault.Refused, err)
}

// flag adds the flags and checks that they are set.
//
// QUIRK: Dovecot answers OK to a STORE that it does not carry out (a folder that is read-only for this user), so flag
// relies on the flags that the server reports, not on the OK.
func (s *session) flag(ctx context.Context, uids []uint32, flags ...imap.Flag) error {
	have := map[uint32][]imap.Flag{}
	err := s.answer(ctx, func() *imapclient.FetchCommand {
		return s.client.Store(set(uids), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: flags}, nil)
	}, have)
	if err != nil {
		return err
	}
	left := lacking(uids, have, flags)
	if len(left) == 0 {
		return nil
	}
	// A server may omit flags that were set before, and says nothing about a message that is gone.
	clear(have)
	err = s.answer(ctx, func() *imapclient.FetchCommand {
		return s.client.Fetch(set(left), &imap.FetchOptions{UID: true, Flags: true})
	}, have)
	if err != nil {
		return err
	}
	left = slices.DeleteFunc(lacking(left, have, flags), func(uid uint32) bool { return have[uid] == nil })
	if len(left) == 0 {
		return nil
	}
	return &imap.Error{Type: imap.StatusResponseTypeNo,
		Text: fmt.Sprintf("the server does not keep the flag %v on message %d and %d more: "+
			"is the folder read-only to this user?", flags, left[0], len(left)-1)}
}

func (s *session) answer(ctx context.Context, command func() *imapclient.FetchCommand,
	have map[uint32][]imap.Flag) error {
	defer s.begin(ctx)()
	cmd := command()
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		uid, flags := uint32(0), []imap.Flag{}
		for it := msg.Next(); it != nil; it = msg.Next() {
			switch it := it.(type) {
			case imapclient.FetchItemDataUID:
				uid = uint32(it.UID)
			case imapclient.FetchItemDataFlags:
				flags = append(flags, it.Flags...)
			}
		}
		if uid != 0 {
			have[uid] = flags
		}
	}
	return s.why(cmd.Close())
}

// lacking returns the UIDs that are not known to have all the flags.
func lacking(uids []uint32, have map[uint32][]imap.Flag, flags []imap.Flag) []uint32 {
	var left []uint32
	for _, uid := range uids {
		for _, f := range flags {
			if !slices.ContainsFunc(have[uid], func(h imap.Flag) bool {
				return strings.EqualFold(string(h), string(f))
			}) {
				left = append(left, uid)
				break
			}
		}
	}
	return left
}

// move moves the messages.
//
// QUIRK: go-imap's own Move on a server without MOVE marks and expunges even if the COPY failed, and without UIDPLUS
// expunges what others have marked. Therefore the steps are separate here, each after the success of the one before.
func (s *session) move(ctx context.Context, uids []uint32, folder string) error {
	if s.has(ctx, imap.CapMove) {
		defer s.begin(ctx)()
		_, err := s.client.Move(set(uids), folder).Wait()
		return s.why(err)
	}
	if err := s.copy(ctx, uids, folder); err != nil {
		return err
	}
	if err := s.flag(ctx, uids, imap.FlagSeen, imap.FlagDeleted); err != nil {
		return err
	}
	if !s.has(ctx, imap.CapUIDPlus) {
		return nil // the messages stay, marked: a plain EXPUNGE would also remove what others have marked
	}
	defer s.begin(ctx)()
	return s.why(s.client.UIDExpunge(set(uids)).Close())
}

func (s *session) copy(ctx context.Context, uids []uint32, folder string) error {
	defer s.begin(ctx)()
	_, err := s.client.Copy(set(uids), folder).Wait()
	return s.why(err)
}
