package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"helpdesk/pkg/desk"
)

// After an outage thousands of effects wait. A run decodes each of them once, and a round looks at no more of them than
// it makes.
func TestRoundsCostNoMoreWhereMuchWaits(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		const many = 20 * several
		for n := 1; n < many; n += several {
			record(t, s, arrivals(n, several)...)
		}
		s.entries.read, s.entries.decoded = false, 0 // as in the next run
		if n := len(due(t, s, noon)); n != several {
			t.Fatalf("%d effects are due", n)
		}
		if n := s.entries.decoded; n != 2*many {
			t.Fatalf("%d entries were decoded of a task and an auto-reply of each of %d letters", n, many)
		}
		for range 4 {
			s.entries.visited = 0
			made(t, s, noon)
			if n := s.entries.visited; n == 0 || n > 2*several {
				t.Errorf("a round looked at %d entries", n)
			}
		}
		for _, e := range arrivals(1, several) {
			if p, err := s.Ledger.Progress([]desk.Listing{e.Listing}); err != nil || !p[0].Known {
				t.Fatalf("%+v, %v", p, err)
			}
		}
		again := func(i int, _ desk.Facts) (desk.Decision, error) {
			return desk.Decision{Verdict: desk.Duplicate, Key: arrivals(many-i, 1)[0].Questions.Key}, nil
		}
		if err := s.Ledger.Record(noon, arrivals(many+1, several), time.Hour, again); err != nil {
			t.Fatal(err)
		}
		if n := s.entries.decoded; n != 2*many {
			t.Errorf("%d entries were decoded again", n-2*many)
		}
		last := arrivals(many, 1)[0].Questions.Key
		if of := s.entries.causes[last]; len(of) != 1 {
			t.Fatalf("%s has caused %v", last, of)
		} else if e := effect(t, s, of[0]); len(e.Post.Copies) != 1 || e.Post.Copies[0].UID != many+1 {
			t.Errorf("the places of its duplicates: %+v", e.Post.Copies)
		}
	})
}

func effect(t testing.TB, s *Store, seq uint64) (e desk.Effect) {
	t.Helper()
	err := s.view(func(tx txn) error { _, err := get(tx, bEffects, number(seq), &e); return err })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// What is held in memory of the outbox is what a new run reads, whatever happens to entries.
func TestTheOutboxInMemoryIsTheOneKept(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		r := rand.New(rand.NewPCG(1, 2))
		letters := 0
		for step := range 100 {
			switch r.IntN(6) {
			case 0:
				record(t, s, arrivals(letters+1, 3)...)
				letters += 3
			case 1:
				if s.update(func(tx txn) error { return errors.Join(unqueue(tx, r), errors.New("no")) }) == nil {
					t.Fatal("a transaction that fails did not")
				}
			case 2:
				if err := s.update(func(tx txn) error { return unqueue(tx, r) }); err != nil {
					t.Fatal(err)
				}
			default:
				settleSome(t, s, r)
			}
			compareEntries(t, s, fmt.Sprintf("step %d", step))
		}
		if len(s.entries.all) < 10 {
			t.Errorf("only %d entries are left: too few to compare", len(s.entries.all))
		}
	})
}

// settleSome ends a round with results of every kind.
func settleSome(t testing.TB, s *Store, r *rand.Rand) {
	t.Helper()
	now := noon.Add(time.Duration(r.IntN(100)) * time.Hour)
	all, err := s.Outbox.Due(now, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	var a desk.Attempts
	results := make([]desk.Result, len(all))
	for i, d := range all {
		a.Seqs = append(a.Seqs, d.Seq)
		results[i] = desk.Result{Seq: d.Seq}
		then := desk.Effect{Kind: desk.CommentTask, Key: fmt.Sprint(d.Seq), Post: &desk.Post{}, Aside: r.IntN(2) == 0}
		switch r.IntN(6) {
		case 0:
			results[i].Again, results[i].Next = true, now.Add(time.Hour)
		case 1:
			results[i].Hold = true
		case 2:
			results[i].Dropped = "so"
		case 3:
			then.Ticket, then.Cause = d.Effect.Ticket, d.Effect.Cause
			results[i].Replace = &then
		default:
			results[i].Done, results[i].Made.Task = true, int64(d.Effect.Ticket)
			results[i].Then = []desk.Effect{then}
		}
	}
	if err := errors.Join(s.Outbox.Start(now, a), s.Outbox.Finish(now, results)); err != nil {
		t.Fatal(err)
	}
}

// unqueue removes an entry, holds another and queues one more.
func unqueue(tx txn, r *rand.Rand) error {
	var all []entry
	err := each(tx, bOutbox, func(_ []byte, e entry) error { all = append(all, e); return nil })
	if err != nil || len(all) == 0 {
		return err
	}
	p := all[r.IntN(len(all))].pending()
	p.Held = !p.Held
	if err := save(tx, p, false); err != nil {
		return err
	}
	more := desk.Effect{Kind: desk.OpenTask, Key: "more", Ticket: p.Effect.Ticket}
	return errors.Join(remove(tx, all[r.IntN(len(all))].Seq), enqueue(tx, noon, 0, "m", []desk.Effect{more}, noon))
}

func compareEntries(t testing.TB, s *Store, when string) {
	t.Helper()
	held := &s.entries
	anew := &state{db: s.db}
	for _, of := range []*state{s.state, anew} {
		if err := of.readEntries(); err != nil {
			t.Fatal(err)
		}
	}
	k := &anew.entries
	for _, pair := range [][2]any{{k.all, held.all}, {k.tickets, held.tickets}, {k.causes, held.causes},
		{k.posts, held.posts}, {k.letters, held.letters}} {
		if diff := cmp.Diff(pair[0], pair[1], cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s: the outbox as it is kept (-) and in memory (+): %s", when, diff)
		}
	}
}

// The text of a post is stored as it is, behind the rest of its effect. An effect of an earlier layout is JSON as a
// whole, and an effect without a text always is.
func TestTextsAreNotWrittenAsJSON(t *testing.T) {
	const text = "Не печатает\n\n\"принтер\" <b>\\n\n"
	e := desk.Effect{Kind: desk.OpenTask, Key: "k", Ticket: 3, Post: &desk.Post{Form: desk.FormTask, Text: text}}
	raw, err := encode(e)
	if err != nil || !bytes.HasSuffix(raw, []byte("}\n"+text)) {
		t.Fatalf("%q, %v", raw, err)
	}
	if e.Post.Text != text {
		t.Errorf("writing has changed the effect: %+v", e.Post)
	}
	old, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range [][]byte{raw, old} {
		var got desk.Effect
		if err := decode(raw, &got); err != nil || !cmp.Equal(got, e) {
			t.Errorf("%q: %v %s", raw, err, cmp.Diff(e, got))
		}
		if err := decode(raw[:40], &got); err == nil {
			t.Errorf("%q is no effect", raw[:40])
		}
	}
	e.Post.Text = "\xff"
	if raw, err = encode(&e); err != nil || !bytes.HasSuffix(raw, []byte("}\n\uFFFD")) {
		t.Errorf("%q, %v", raw, err)
	}
	for _, e.Post = range []*desk.Post{nil, {}} {
		if raw, err = encode(e); err != nil || bytes.Contains(raw, []byte("\n")) {
			t.Errorf("%q, %v", raw, err)
		}
	}
}
