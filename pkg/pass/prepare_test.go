package pass_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"helpdesk/pkg/pass"
	"helpdesk/pkg/quote"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// Rules and texts are loaded while the first letters are fetched.
func TestRulesAreLoadedDuringTheFetch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.arrive(letter("1@a.example", "ivan@a.example", "Printer", "It does not print."))
	fetched := make(chan struct{})
	w.fetched = sync.OnceFunc(func() { close(fetched) })
	p, s := w.open(store.Options{})
	defer s.Close()
	during := func(what string) {
		select {
		case <-fetched:
		case <-time.After(time.Minute):
			t.Errorf("the fetch waits for the %s", what)
		}
	}
	kit, cutter := p.Kit, p.Cutter
	p.Kit = func() (pass.Kit, error) { during("kit"); return kit() }
	p.Cutter = func() (*quote.Cutter, error) { during("cutter"); return cutter() }
	_, err := poll(p, t.Context())
	w.check(err)
	w.want("after the poll", 1, 1)
}

// A pass that can't load its rules ends with the error. It leaves the letters as they are.
func TestAPassWithoutRulesLeavesTheLetters(t *testing.T) {
	t.Parallel()
	broken := errors.New("quotes.yaml: no such rule")
	for name, harm := range map[string]func(*pass.Pass){
		"kit":    func(p *pass.Pass) { p.Kit = func() (k pass.Kit, err error) { return k, broken } },
		"cutter": func(p *pass.Pass) { p.Cutter = func() (*quote.Cutter, error) { return nil, broken } },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.arrive(letter("1@a.example", "ivan@a.example", "Printer", "It does not print."))
			p, s := w.open(store.Options{})
			harm(p)
			r, err := poll(p, t.Context())
			w.check(s.Close())
			if !errors.Is(err, broken) || r.Quarantine != 0 {
				t.Errorf("%v, %d in quarantine", err, r.Quarantine)
			}
			w.quiet()
			w.want("with the next pass", 1, 1)
		})
	}
}
