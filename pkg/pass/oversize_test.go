package pass_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// listing is a mailbox that lists wrong sizes.
type listing struct {
	pass.Mailbox
	size int64
}

func (m listing) Unseen(ctx context.Context, since time.Time) ([]desk.Listing, error) {
	ls, err := m.Mailbox.Unseen(ctx, since)
	for i := range ls {
		ls[i].Size = m.size
	}
	return ls, err
}

// The task of a letter that is larger than listed says that text and files are missing. The letter stays in the
// mailbox, even if a later pass finds it there.
func TestALetterLargerThanListedIsKnownAsTooLarge(t *testing.T) {
	t.Parallel()
	for _, listed := range []int64{2 << 20, 1000, 0} {
		t.Run(fmt.Sprint("listed as ", listed), func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.moveTo = "Done"
			w.check(w.imap.CreateFolder("Done", ""))
			w.arrive(withFile("1@a.example", "a@a.example", "Scans", "see the files", "scan.tif",
				strings.Repeat("x", 2<<20)))
			for range 3 {
				p, s := w.open(store.Options{})
				open := p.Boxes[0].Open
				p.Boxes[0].Open = func(ctx context.Context, readOnly bool) (pass.Mailbox, error) {
					mb, err := open(ctx, readOnly)
					return listing{mb, listed}, err
				}
				_, err := poll(p, context.Background())
				w.check(err)
				w.check(s.Close())
			}
			all := w.portal.Tasks()
			if len(all) != 1 || len(all[0].Files) != 0 ||
				!strings.Contains(plain(all[0].Description), "Письмо больше допустимого") {
				t.Errorf("tasks %+v", all)
			}
			if n := len(w.imap.Messages("INBOX")); n != 1 || len(w.imap.Messages("Done")) != 0 {
				t.Errorf("%d letters stay", n)
			}
		})
	}
}
