package mailbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// List returns the unseen messages, sorted by UID.
func (m *Mailbox) List(ctx context.Context) ([]desk.Listing, error) {
	return m.Unseen(ctx, time.Time{})
}

// Unseen returns the unseen messages that arrived at t or later, sorted by UID; a zero t means all. It is cheaper than
// List if the folder has much old unread mail.
func (m *Mailbox) Unseen(ctx context.Context, t time.Time) ([]desk.Listing, error) {
	return m.find(ctx, &imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}, Since: dayBefore(t)},
		func(l desk.Listing) bool { return !l.Seen && !l.Received.Before(t) })
}

// Old returns how many unseen messages arrived on days before t.
func (m *Mailbox) Old(ctx context.Context, t time.Time) (int, error) {
	n := 0
	err := m.try(ctx, func(s *session) error {
		var o *imap.SearchOptions
		if s.has(ctx, imap.CapESearch) {
			o = &imap.SearchOptions{ReturnCount: true}
		}
		defer s.begin(ctx)()
		data, err := s.client.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}, Before: t}, o).Wait()
		if err != nil {
			return s.why(err)
		}
		if n = int(data.Count); o == nil {
			n = len(data.AllUIDs())
		}
		return nil
	})
	if answered(err) { // the server refuses such a search (see search): do without the count
		return 0, nil
	}
	if err != nil {
		return 0, fault.Away(fault.Refused, fmt.Errorf("count %s: %w", m.o.Folder, err))
	}
	return n, nil
}

// Counts reports whether the server can count messages cheaply, without listing them, and returns the number of
// messages in the folder.
func (m *Mailbox) Counts(ctx context.Context) (cheap bool, messages uint32) {
	if m.main == nil || m.main.dead() {
		return false, 0
	}
	return m.main.has(ctx, imap.CapESearch), m.main.messages
}

// Since returns the messages, seen or not, that arrived at t or later, sorted by UID.
func (m *Mailbox) Since(ctx context.Context, t time.Time) ([]desk.Listing, error) {
	return m.find(ctx, &imap.SearchCriteria{Since: dayBefore(t)},
		func(l desk.Listing) bool { return !l.Received.Before(t) })
}

// dayBefore allows for the server's time zone: SINCE compares dates without a time zone (RFC 9051, 6.4.4).
func dayBefore(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.AddDate(0, 0, -1)
}

func (m *Mailbox) find(ctx context.Context, what *imap.SearchCriteria,
	want func(desk.Listing) bool) ([]desk.Listing, error) {
	uids, err := m.search(ctx, what)
	if err != nil {
		return nil, err
	}
	var all []desk.Listing
	for _, chunk := range chunks(uids) {
		part, err := m.describe(ctx, chunk)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	slices.SortFunc(all, func(a, b desk.Listing) int { return cmp.Compare(a.UID, b.UID) })
	return slices.DeleteFunc(all, func(l desk.Listing) bool { return !want(l) }), nil
}

// search returns the UIDs that match. QUIRK: some servers refuse some criteria (mail.ru: jstedfast/MailKit#1234) or
// have a broken index (Yandex: "UID SEARCH Backend error"); then all flags are read instead.
func (m *Mailbox) search(ctx context.Context, what *imap.SearchCriteria) ([]uint32, error) {
	var uids []uint32
	err := m.try(ctx, func(s *session) error {
		defer s.begin(ctx)()
		data, err := s.client.UIDSearch(what, nil).Wait()
		if err != nil {
			return s.why(err)
		}
		uids = numbers(data.AllUIDs())
		return nil
	})
	if answered(err) {
		uids, err = m.flagged(ctx, what)
	}
	if err != nil {
		return nil, fault.Away(fault.Refused, fmt.Errorf("search %s: %w", m.o.Folder, err))
	}
	slices.Sort(uids)
	return slices.Compact(uids), nil
}

// flagged replaces SEARCH by reading the flags of the whole folder. It ignores dates: the caller compares them.
func (m *Mailbox) flagged(ctx context.Context, what *imap.SearchCriteria) ([]uint32, error) {
	var uids []uint32
	err := m.try(ctx, func(s *session) error {
		uids = nil
		if s.messages == 0 {
			return nil // QUIRK: some servers reject 1:* for an empty folder
		}
		all := imap.UIDSet{{Start: 1, Stop: 0}}
		return s.fetch(ctx, all, &imap.FetchOptions{
			UID:   true,
			Flags: true,
		}, func(msg *imapclient.FetchMessageData) error {
			uid, flags := uint32(0), []imap.Flag(nil)
			for it := msg.Next(); it != nil; it = msg.Next() {
				switch it := it.(type) {
				case imapclient.FetchItemDataUID:
					uid = uint32(it.UID)
				case imapclient.FetchItemDataFlags:
					flags = it.Flags
				}
			}
			if uid != 0 && (len(what.NotFlag) == 0 || !slices.Contains(flags, imap.FlagSeen)) {
				uids = append(uids, uid)
			}
			return nil
		})
	})
	return uids, err
}

// describe reads flags, date and size of the messages. It leaves out messages that are gone.
//
// QUIRK: a date or size that go-imap can't parse ends the connection, and the answers about other messages are lost.
// Therefore describe halves the list until the message is found. It lists that message with the current time and
// without a size.
func (m *Mailbox) describe(ctx context.Context, uids []uint32) ([]desk.Listing, error) {
	got := map[uint32]desk.Listing{}
	err := m.ready(ctx)
	for try := 0; try < 2 && err == nil && len(uids) > len(got); try++ {
		// QUIRK: go-imap takes a FLAGS update before the answer for the answer itself, and date and size are lost: ask
		// once more.
		err = m.main.describe(ctx, absent(uids, got), m, got)
	}
	if err == nil || answered(err) {
		return values(got), refusedListing(m.o.Folder, err, len(got))
	}
	if leaves(err) {
		return nil, fault.Away(fault.Refused, fmt.Errorf("list %s: %w", m.o.Folder, err))
	}
	if broke := m.again(ctx, err); broke != nil {
		return nil, broke
	}
	uids = absent(uids, got)
	if len(uids) <= 1 {
		for _, uid := range uids {
			got[uid] = desk.Listing{Place: m.place(uid), Received: time.Now()}
		}
		return values(got), nil
	}
	for _, half := range [][]uint32{uids[:len(uids)/2], uids[len(uids)/2:]} {
		part, err := m.describe(ctx, half)
		if err != nil {
			return nil, err
		}
		for _, l := range part {
			got[l.UID] = l
		}
	}
	return values(got), nil
}

// refusedListing drops a refusal if other messages were answered: the next pass lists the rest.
func refusedListing(folder string, err error, got int) error {
	if err == nil || got > 0 {
		return nil
	}
	return fault.Away(fault.Refused, fmt.Errorf("list %s: %w", folder, err))
}

func (m *Mailbox) place(uid uint32) desk.Place {
	return desk.Place{Mailbox: m.o.Name, UIDValidity: m.validity, UID: uid}
}

func (s *session) describe(ctx context.Context, uids []uint32, m *Mailbox, got map[uint32]desk.Listing) error {
	items := &imap.FetchOptions{UID: true, Flags: true, InternalDate: true, RFC822Size: true}
	return s.fetch(ctx, set(uids), items, func(msg *imapclient.FetchMessageData) error {
		l, flags := desk.Listing{}, false
		for it := msg.Next(); it != nil; it = msg.Next() {
			switch it := it.(type) {
			case imapclient.FetchItemDataUID:
				l.Place = m.place(uint32(it.UID))
			case imapclient.FetchItemDataFlags:
				l.Seen, flags = slices.Contains(it.Flags, imap.FlagSeen), true
			case imapclient.FetchItemDataInternalDate:
				l.Received = it.Time
			case imapclient.FetchItemDataRFC822Size:
				l.Size = it.Size
			}
		}
		if l.UID != 0 && flags && !l.Received.IsZero() {
			l.Stamp = m.stamp(l)
			got[l.UID] = l
		}
		return nil
	})
}
