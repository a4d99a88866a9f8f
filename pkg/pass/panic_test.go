package pass_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/render"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

const panicAddress = "poison@a.example"

// panickingTexts panics for letters to one customer.
type panickingTexts struct{ outbox.Texts }

func (t panickingTexts) Letter(kind desk.LetterKind, v render.Vars) (render.Rendered, error) {
	if v.Address == panicAddress {
		panic("of death")
	}
	return t.Texts.Letter(kind, v)
}

// panickingRelay panics for letters to one customer.
type panickingRelay struct{ outbox.Relay }

func (r panickingRelay) Send(ctx context.Context, l desk.Letter) (desk.Sent, error) {
	if l.To.Addr == panicAddress {
		panic("of death")
	}
	return r.Relay.Send(ctx, l)
}

// A letter that causes a panic is held, and the others are sent. After the cause is fixed, it is sent if it cannot have
// been sent before.
func TestALetterThatPanicsIsHeldAndTheOthersGo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm   func(*pass.Pass)
		unsure bool
	}{
		"in its text": {func(p *pass.Pass) {
			kit := p.Kit
			p.Kit = func() (pass.Kit, error) {
				k, err := kit()
				whole := k.Texts
				k.Texts = func(mailbox, locale string) outbox.Texts { return panickingTexts{whole(mailbox, locale)} }
				return k, err
			}
		}, false},
		"on its way": {func(p *pass.Pass) {
			open := p.Outbox.Senders[0].Relay
			p.Outbox.Senders[0].Relay = func(ctx context.Context) (outbox.Relay, error) {
				r, err := open(ctx)
				return panickingRelay{r}, err
			}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			for i, from := range []string{"first@a.example", panicAddress, "third@a.example"} {
				w.arrive(letter(fmt.Sprint(i, "@a.example"), from, "Printer", "please"))
			}
			p, s := w.open(store.Options{})
			c.harm(p)
			r, err := poll(p, t.Context())
			w.check(err)
			left, err := r.Left()
			if left != pass.Held || r.Held != 1 || !strings.Contains(fmt.Sprint(err), "panic: of death") ||
				r.Sent != 2 {
				t.Errorf("left %v, %v: %+v", left, err, r)
			}
			all, err := s.Outbox.Pendings()
			w.check(err)
			if len(all) != 1 || !all[0].Held || all[0].Unsure != c.unsure {
				t.Fatalf("outbox: %+v", all)
			}
			_, err = s.Outbox.Retry(all[0].Seq)
			w.check(err)
			w.check(s.Close())
			w.quiet()
			if want := map[bool]int{false: 3, true: 2}[c.unsure]; len(w.smtp.Letters()) != want {
				t.Errorf("%d letters in the end, not %d", len(w.smtp.Letters()), want)
			}
		})
	}
}
