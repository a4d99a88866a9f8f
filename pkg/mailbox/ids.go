package mailbox

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helpdesk/pkg/fault"
)

// maxField bounds how many bytes of a message's header fields are kept.
const maxField = 4 << 10

// MessageIDs returns the raw Message-ID field of each message, including its name; the value is empty for a message
// without the field. Messages that are gone are left out.
func (m *Mailbox) MessageIDs(ctx context.Context, uids []uint32) (map[uint32][]byte, error) {
	return m.fields(ctx, uids, "Message-ID")
}

// Writers returns the raw From and Subject fields of each message. Messages that are gone are left out.
func (m *Mailbox) Writers(ctx context.Context, uids []uint32) (map[uint32][]byte, error) {
	return m.fields(ctx, uids, "From", "Subject")
}

func (m *Mailbox) fields(ctx context.Context, uids []uint32, names ...string) (map[uint32][]byte, error) {
	section := &imap.FetchItemBodySection{Peek: true, Specifier: imap.PartSpecifierHeader, HeaderFields: names}
	items := &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}
	got := map[uint32][]byte{}
	uids = slices.Clone(uids)
	slices.Sort(uids)
	for _, chunk := range chunks(slices.Compact(uids)) {
		err := m.try(ctx, func(s *session) error {
			return s.fetch(ctx, set(chunk), items, func(msg *imapclient.FetchMessageData) error {
				uid, field, err := takeField(msg)
				if uid != 0 && err == nil && field != nil {
					got[uid] = field
				}
				return err
			})
		})
		if err != nil {
			return nil, fault.Away(fault.Refused, fmt.Errorf("read headers in %s: %w", m.o.Folder, err))
		}
	}
	return got, nil
}

func takeField(msg *imapclient.FetchMessageData) (uid uint32, field []byte, err error) {
	for it := msg.Next(); it != nil; it = msg.Next() {
		switch it := it.(type) {
		case imapclient.FetchItemDataUID:
			uid = uint32(it.UID)
		case imapclient.FetchItemDataBodySection:
			if it.Literal == nil {
				continue
			}
			size := it.Literal.Size()
			field = make([]byte, min(size, maxField))
			if n, rerr := io.ReadFull(it.Literal, field); rerr != nil {
				return uid, nil, skip(it.Literal, size-int64(n))
			}
			if err := skip(it.Literal, size-int64(len(field))); err != nil {
				return uid, nil, err
			}
		}
	}
	return uid, field, nil
}
