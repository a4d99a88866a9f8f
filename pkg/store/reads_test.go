package store

import (
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/engine"
)

// counting counts what is asked of an engine.
type counting struct {
	engine.DB
	writes int // transactions that write
	walked int // entries met by walks
	got    int // entries asked for by their keys
}

func (c *counting) View(fn func(engine.Tx) error) error {
	return c.DB.View(func(tx engine.Tx) error { return fn(countingTx{tx, c}) })
}

func (c *counting) Update(fn func(engine.Tx) error) error {
	c.writes++
	return c.DB.Update(func(tx engine.Tx) error { return fn(countingTx{tx, c}) })
}

type countingTx struct {
	engine.Tx
	of *counting
}

func (t countingTx) Bucket(name string) engine.Bucket { return countingBucket{t.Tx.Bucket(name), t.of} }

type countingBucket struct {
	engine.Bucket
	of *counting
}

func (b countingBucket) Get(key []byte) ([]byte, error) {
	b.of.got++
	return b.Bucket.Get(key)
}

func (b countingBucket) Walk(from []byte, fn func(key, value []byte) error) error {
	return b.Bucket.Walk(from, func(key, value []byte) error {
		b.of.walked++
		return fn(key, value)
	})
}

// counted returns the counts of what fn asks of the state.
func counted(t testing.TB, s *Store, fn func() error) counting {
	t.Helper()
	c := counting{DB: s.db}
	s.state.db = &c
	defer func() { s.state.db = c.DB }()
	if err := fn(); err != nil {
		t.Fatal(err)
	}
	return c
}

// A pass that looks for old entries looks at few of them, however many there are.
func TestPruneReadsAFewEntriesAPass(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		busy(t, s, 0, 1_000) // 5 entries each
		ended := false
		for pass := 1; !ended; pass++ {
			c := counted(t, s, func() (err error) { _, ended, err = s.Prune(noon); return err })
			if c.walked > mostRead+1 || !ended && c.walked < mostRead || pass > 10 {
				t.Errorf("pass %d read %d entries, ended %t", pass, c.walked, ended)
			}
		}
	})
}

// The changes of a few tickets are read and recorded without reading others.
func TestChangesReadTheirTicketsOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		asked := func(tickets int) int {
			s := fresh(t)
			for n := 1; n < tickets; n += several {
				record(t, s, arrivals(n, several)...)
				made(t, s, noon)
				made(t, s, noon)
			}
			c := counted(t, s, func() error { return changes(s) })
			if c.walked > 11*looks {
				t.Errorf("%d entries were read of %d tickets", c.walked, tickets)
			}
			return c.got
		}
		few, many := asked(several), asked(20*several)
		if few == 0 || many > few {
			t.Errorf("%d entries were asked for, and %d where twenty times as many tickets are open", few, many)
		}
	})
}

const looks = 40 // things a pass asks the portal to show

// changes does what a notify pass does with the state.
func changes(s *Store) error {
	read, err := s.Tickets.Reading()
	if err != nil {
		return err
	}
	numbers, tasks := make([]uint64, 10), make([]int64, 10)
	for i := range numbers {
		numbers[i], tasks[i] = uint64(i+1), int64(i+1)
	}
	if _, err := s.Tickets.ByTask(tasks); err != nil {
		return err
	}
	letter := func(i int, f desk.AnnounceFacts) (desk.Decision, error) {
		return desk.Decision{Verdict: desk.Announced, Ticket: &f.Ticket, Effects: []desk.Effect{{Kind: desk.SendLetter,
			Key: desk.DeriveKey("answer", f.Ticket.Key), Letter: &desk.Draft{Kind: desk.Answer}}}}, nil
	}
	if err := s.Tickets.RecordChanges(noon, numbers, &read, letter); err != nil {
		return err
	}
	due, err := s.Outbox.Due(noon, several, nil)
	if err != nil || len(due) != len(numbers) {
		return err
	}
	if _, err := s.Outbox.Waiting(); err != nil {
		return err
	}
	_, err = s.Outbox.Unseen(noon.Add(-time.Minute), looks)
	return err
}
