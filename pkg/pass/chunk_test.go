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

// weighing is a ledger that records the sizes of the letters recorded together, in bytes.
type weighing struct {
	pass.Ledger
	most    int64 // maximum at a time
	letters int   // total number
	records int   // number of transactions
}

func (w *weighing) Record(now time.Time, es []desk.Entry, window time.Duration,
	decide func(int, desk.Facts) (desk.Decision, error)) error {
	var bytes int64
	for _, e := range es {
		bytes += e.Size
	}
	w.most, w.letters = max(w.most, bytes), w.letters+len(es)
	w.records++
	return w.Ledger.Record(now, es, window, decide)
}

// However many letters are fetched together, at most 4 MiB of their texts are read and not recorded, whatever kind of
// text it is.
func TestTheTextsHeldAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads 20 MB")
	}
	const (
		size   = 900_000
		count  = 12
		bound  = 4 << 20
		shorts = 60
	)
	line := "One more line of a long letter.\n"
	for name, c := range map[string]struct{ kind, text string }{
		"page": {"text/html", "<p>" + strings.Repeat(line+"<br>", size/(len(line)+5)) + "</p>"},
		"text": {"text/plain", strings.Repeat(line, size/len(line))},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			for i := range count {
				from := fmt.Sprintf("a@a%d.example", i)
				w.arrive(letter(fmt.Sprint("long", i, "@a.example"), from, "Long", c.text,
					"Content-Type: "+c.kind+"; charset=utf-8"))
			}
			p, s := w.open(store.Options{})
			ledger := &weighing{Ledger: p.Ledger}
			p.Ledger = ledger
			_, err := poll(p, context.Background())
			w.check(err)
			w.check(s.Close())
			if ledger.letters != count || ledger.most > bound+size {
				t.Errorf("%d letters, %d kB of them at once", ledger.letters, ledger.most/1000)
			}
		})
	}
	w := newWorld(t, sandbox.PortalOptions{})
	for i := range shorts { // small letters are recorded together
		w.arrive(letter(fmt.Sprint("short", i, "@a.example"), fmt.Sprintf("a@a%d.example", i), "Short",
			"It does not print."))
	}
	p, s := w.open(store.Options{})
	ledger := &weighing{Ledger: p.Ledger}
	p.Ledger = ledger
	_, err := poll(p, context.Background())
	w.check(err)
	w.check(s.Close())
	if ledger.records != 2 {
		t.Errorf("%d short letters are recorded in %d steps", shorts, ledger.records)
	}
}

// Fifty letters take four transactions: one that records them, two that note the attempts of tasks and of letters, and
// one for their results.
func TestFiftyLettersTakeFourTransactions(t *testing.T) {
	t.Parallel()
	writes := func(letters int) int {
		w := newWorld(t, sandbox.PortalOptions{})
		for i := range letters {
			from := fmt.Sprintf("a@a%d.example", i)
			w.arrive(letter(fmt.Sprint("m", i, "@a.example"), from, "Short", "It does not print."))
		}
		p, s := w.open(store.Options{})
		before, err := s.Writes()
		w.check(err)
		_, err = poll(p, context.Background())
		w.check(err)
		after, err := s.Writes()
		w.check(err)
		w.check(s.Close())
		return int(after - before)
	}
	few, many := writes(50), writes(250)
	if more := many - few; few == 0 || more > 4*4 {
		t.Errorf("%d transactions for 50 letters, and %d more for 200 more", few, more)
	}
}
