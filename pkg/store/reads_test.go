package store

import (
	"errors"
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
	// entries asked for by their keys, by bucket
	got map[string]int
}

func (c *counting) View(fn func(engine.Tx) error) error {
	return c.DB.View(func(tx engine.Tx) error { return fn(countingTx{tx, c}) })
}

func (c *counting) Update(fn func(engine.Tx) error) error {
	c.writes++
	return c.DB.Update(func(tx engine.Tx) error { return fn(countingTx{tx, c}) })
}

func (c *counting) Later(fn func(engine.Tx) error) error {
	c.writes++
	return c.DB.Later(func(tx engine.Tx) error { return fn(countingTx{tx, c}) })
}

type countingTx struct {
	engine.Tx
	of *counting
}

func (t countingTx) Bucket(name string) engine.Bucket {
	return countingBucket{t.Tx.Bucket(name), name, t.of}
}

type countingBucket struct {
	engine.Bucket
	name string
	of   *counting
}

func (b countingBucket) Get(key []byte) ([]byte, error) {
	b.of.got[b.name]++
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
	c := counting{DB: s.db, got: map[string]int{}}
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
		busy(t, s, 0, 500) // 5 entries each
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
			if c.walked > 6*looks {
				t.Errorf("%d entries were read of %d tickets", c.walked, tickets)
			}
			sum := 0
			for _, n := range c.got {
				sum += n
			}
			return sum
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

// The text of a new task is not read and decoded again when the task is made, and writing takes one transaction for the
// attempts and one for their results.
func TestResultsReadNoTexts(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		record(t, s, arrivals(1, several)...)
		var a desk.Attempts
		var results []desk.Result
		for _, d := range due(t, s, noon) {
			a.Seqs = append(a.Seqs, d.Seq)
			d.Effect.Post.Text = "Здравствуйте 12"
			results = append(results, desk.Result{Seq: d.Seq, Done: true, Effect: &d.Effect,
				Made: desk.Made{Task: int64(d.Effect.Ticket), Seen: true}})
		}
		c := counted(t, s, func() error { return errors.Join(s.Outbox.Start(noon, a), s.Outbox.Finish(noon, results)) })
		if c.got[bEffects] > 0 || c.got[bTickets] < several || c.writes != 2 {
			t.Errorf("%d effects and %d tickets were read, %d transactions", c.got[bEffects], c.got[bTickets], c.writes)
		}
		steps, err := s.Tickets.Journal(1)
		if last := steps[len(steps)-1]; err != nil || last.Letters != 14 {
			t.Errorf("the step of the task: %+v, %v", last, err)
		}
	})
}
