package store

import (
	"fmt"
	"testing"
	"time"

	"helpdesk/pkg/desk"
)

// TestUnseenReadsNoMoreThanAsked puts an entry that cannot be decoded behind those that a pass looks for: it is
// reported only to a call that asks for more.
func TestUnseenReadsNoMoreThanAsked(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		at := time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
		err := s.update(func(tx txn) error {
			for i := range 5 {
				key := fmt.Sprint("u", i)
				u := desk.Unconfirmed{Effect: desk.Effect{Key: key}, At: at}
				if i == 1 {
					u.Looked = at.Add(time.Hour)
				}
				if err := put(tx, bUnseen, []byte(key), u); err != nil {
					return err
				}
			}
			return tx.Bucket(bUnseen).Put([]byte("u5"), []byte("no JSON"))
		})
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.Outbox.Unseen(at.Add(time.Minute), 4)
		if err != nil || len(list) != 4 || list[1].Effect.Key != "u2" {
			t.Errorf("%v, %v", list, err)
		}
		if _, err := s.Outbox.Unseen(at.Add(time.Minute), 5); err == nil {
			t.Error("the damaged entry is not reported")
		}
	})
}

// The text of a letter is neither read nor written when its task is made and not seen yet. It is there when the task
// must be made again, and gone when the task was seen.
func TestTextsOfWhatIsNotSeenStayWhereTheyAre(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(testing.TB) *Store) {
		s := fresh(t)
		record(t, s, arrivals(1, 3)...)
		var results []desk.Result
		const text = "Сломался принтер."
		for _, d := range due(t, s, noon) {
			d.Effect.Post.Text = text
			if err := s.update(func(tx txn) error { return save(tx, d, true) }); err != nil {
				t.Fatal(err)
			}
			d.Effect.Post.Files = []desk.File{{Name: "a.pdf"}, {Name: "b.pdf"}}
			results = append(results, desk.Result{Seq: d.Seq, Done: true, Effect: &d.Effect,
				Made: desk.Made{Task: 100 + int64(d.Effect.Ticket), Seen: true, Missing: []int{0}}})
		}
		c := counted(t, s, func() error { return s.Outbox.Finish(noon, results) })
		if c.got[bEffects] > 0 {
			t.Errorf("%d effects were read to record results", c.got[bEffects])
		}
		list, err := s.Outbox.Unseen(noon.Add(time.Minute), 5)
		if err != nil || len(list) != 3 {
			t.Fatal(list, err)
		}
		for _, u := range list {
			if p := u.Effect.Post; p.Text != "" || len(p.Files) != 1 || p.Files[0].Name != "b.pdf" {
				t.Errorf("what is looked for: %+v", p)
			}
		}
		was := results[2].Effect.Post
		old := desk.Unconfirmed{Effect: desk.Effect{Kind: desk.OpenTask, Key: "old", Ticket: 3, Post: was}, At: noon}
		if err := s.update(func(tx txn) error { return put(tx, bUnseen, []byte("old"), old) }); err != nil {
			t.Fatal(err)
		}
		made := results[1].Effect
		err = s.Outbox.Saw(noon, []desk.Looked{{Key: results[0].Effect.Key, Seen: true}, {Key: made.Key, Again: true},
			{Key: "old", Again: true}})
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.Outbox.Pendings()
		if err != nil || len(all) < 2 {
			t.Fatal(all, err)
		}
		again := all[len(all)-2:]
		if e := again[0].Effect; e.Key != made.Key || e.Post.Text != text || e.Task != 102 || !e.Detour ||
			len(e.Post.Files) != 1 {
			t.Errorf("to be made again: %+v, %+v", e, e.Post)
		}
		if e := again[1].Effect; e.Key != "old" || e.Post.Text != text || !e.Detour {
			t.Errorf("stored by an earlier version, to be made again: %+v, %+v", e, e.Post)
		}
		if n := entriesIn(t, s, bEffects); n != len(all)+1 {
			t.Errorf("%d effects are kept for %d in the outbox and one that was not seen", n, len(all))
		}
		if err := s.Ledger.Accept([]desk.Accepted{{ID: "d", Effect: results[2].Effect.Key}}); err != nil {
			t.Fatal(err)
		}
		if n := entriesIn(t, s, bEffects); n != len(all) {
			t.Errorf("%d effects are kept for %d in the outbox", n, len(all))
		}
	})
}

// entriesIn returns the number of entries in a bucket.
func entriesIn(t testing.TB, s *Store, bucket string) (n int) {
	t.Helper()
	err := s.view(func(tx txn) error {
		return tx.Bucket(bucket).Walk(nil, func(_, _ []byte) error { n++; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
