package pass_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// A single mailbox is opened by the goroutine of the caller, whose stack has grown already.
func TestASingleMailboxNeedsNoGoroutine(t *testing.T) {
	t.Parallel()
	var stack string
	pass.Look(t.Context(), []pass.Box{{Open: func(context.Context, bool) (pass.Mailbox, error) {
		stack = string(debug.Stack())
		return nil, errors.New("away")
	}}}, true, morning, slog.New(slog.DiscardHandler))
	if !strings.Contains(stack, "helpdesk/pkg/pass.Look(") {
		t.Error(stack)
	}
}

// Mailboxes are opened at the same time: each one waits until several others were asked, which would never happen one
// after the other. Their mail is decided in the order of the settings, and all are closed.
func TestMailboxesAreOpenedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.boxes = nil
	for i := range 10 {
		name := fmt.Sprintf("box%d", i)
		w.boxes = append(w.boxes, name)
		w.policy.Fields[name] = desk.Fields{Responsible: specialist}
		w.check(w.imap.CreateFolder(name, ""))
		if i%3 == 0 {
			_, err := w.imap.Append(name, letter(name+"@a.example", name+"@a.example", "Letter of "+name, "text"),
				morning)
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
			case <-time.After(time.Minute):
				t.Error("one comes after the other")
			}
			mb, err := open(ctx, readOnly)
			return closing{mb, &closed}, err
		}
	}
	_, err := poll(p, t.Context())
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

// Another run may process the found messages before this one has the state. Everything is made once, whether the
// messages were marked, were moved away, or the other run died before marking them.
func TestAnotherRunWorksOnWhatWasFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ moveTo, dies string }{
		"marked":     {"", ""},
		"moved":      {"Done", ""},
		"not marked": {"", "mark on the server, before"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			if w.moveTo = c.moveTo; w.moveTo != "" {
				w.check(w.imap.CreateFolder(w.moveTo, ""))
			}
			w.arrive(withFile("1@a.example", "ivan@a.example", "Printer", "It does not print.", "log.txt", "hello"))
			w.arrive(letter("2@a.example", "anna@a.example", "Mouse", "It does not click."))
			p, s := w.open(store.Options{})
			found := pass.Look(t.Context(), p.Boxes, false, p.Now(), p.Log)
			w.check(s.Close())
			w.steps = func(name string) {
				if name == c.dies {
					w.steps, w.dead = nil, name
					panic(died{name})
				}
			}
			if _, at := w.poll(); at != c.dies {
				t.Fatalf("died at %q", at)
			}
			w.steps = nil
			w.arrive(letter("3@a.example", "olga@a.example", "Late", "It came later."))
			p, s = w.open(store.Options{})
			p.Looked = found
			_, err := p.Poll(t.Context())
			w.check(err)
			found.Close(p.Log)
			w.check(s.Close())
			w.want("what was found before another run worked on it", 2, 2)
			w.quiet()
			w.want("with the next pass", 3, 3)
		})
	}
}
