package pass_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// TestMailboxesAreOpenedTogether: each waits until several others have been asked, which none would be if one came
// after the other; their mail is decided in the order of the settings, and all are closed.
func TestMailboxesAreOpenedTogether(t *testing.T) {
	w := newWorld(t, sandbox.PortalOptions{})
	w.boxes = nil
	for i := range 10 {
		name := fmt.Sprintf("box%d", i)
		w.boxes = append(w.boxes, name)
		w.policy.Fields[name] = desk.Fields{Responsible: specialist}
		w.check(w.imap.CreateFolder(name, ""))
		if i%3 == 0 {
			_, err := w.imap.Append(name, letter(name+"@a.example", name+"@a.example", "Letter of "+name, "text"), morning)
			w.check(err)
		}
	}
	p, s := w.open(store.Options{})
	defer s.Close()
	var asked, closed atomic.Int32
	together := make(chan struct{})
	for i := range p.Boxes {
		open := p.Boxes[i].Open
		p.Boxes[i].Open = func(ctx context.Context, readOnly bool) (pass.Mailbox, error) {
			if asked.Add(1) == 4 {
				close(together)
			}
			select {
			case <-together:
			case <-time.After(10 * time.Second):
				t.Error("one comes after the other")
			}
			mb, err := open(ctx, readOnly)
			return closing{mb, &closed}, err
		}
	}
	_, err := p.Poll(t.Context())
	w.check(err)
	var titles []string
	for _, task := range w.portal.Tasks() {
		titles = append(titles, task.Title)
	}
	if fmt.Sprint(titles) != "[Letter of box0 Letter of box3 Letter of box6 Letter of box9]" {
		t.Errorf("tasks %v", titles)
	}
	if closed.Load() < 10 {
		t.Errorf("%d are closed", closed.Load())
	}
}

type closing struct {
	pass.Mailbox
	n *atomic.Int32
}

func (c closing) Close() error {
	c.n.Add(1)
	return c.Mailbox.Close()
}
