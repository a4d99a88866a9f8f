package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"helpdesk/pkg/desk"
)

var noon = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func fresh(t testing.TB) *Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "state.db"), Options{})
}

// arrival returns a message in the mailbox support, with a key derived from its UID.
func arrival(uid uint32, from string) desk.Entry {
	a := desk.Address{Addr: from}
	return desk.Entry{Listing: desk.Listing{
		Place:    desk.Place{Mailbox: "support", UIDValidity: 7, UID: uid},
		Received: noon,
	},
		Questions: desk.Questions{
			Key:     desk.DeriveKey("message", string(rune(uid))),
			Address: a.Key(),
			Counted: []string{a.Key(), "@" + a.Domain()},
			Subject: "printer",
		},
		ID: "m" + string(rune('0'+uid)) + "@example.org", From: a, Subject: "Printer"}
}

// opens returns a decision that makes a ticket for the entry, with a task and an auto-reply.
func opens(e desk.Entry) desk.Decision {
	key := desk.DeriveKey("open", e.Questions.Key)
	return desk.Decision{Verdict: desk.Task, Class: "human", AutoReply: true, Key: e.Questions.Key,
		Ticket: &desk.Ticket{
			Key:       key,
			Requester: e.From,
			Subject:   e.Subject,
			Normal:    e.Questions.Subject,
			Status:    desk.Open,
		},
		Thread: map[string]desk.Link{e.ID: {Origin: desk.FromCustomer}},
		Effects: []desk.Effect{
			{Kind: desk.OpenTask, Key: key, Post: &desk.Post{Form: desk.FormTask, Message: &e.Place}},
			{
				Kind:   desk.SendLetter,
				Key:    desk.DeriveKey("received", e.Questions.Key),
				Letter: &desk.Draft{Kind: desk.Received, To: e.From},
			},
		}}
}

func record(t testing.TB, s *Store, entries ...desk.Entry) {
	t.Helper()
	err := s.Ledger.Record(noon, entries, 24*time.Hour, func(i int, _ desk.Facts) (desk.Decision, error) {
		return opens(entries[i]), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func due(t testing.TB, s *Store, now time.Time) []desk.Pending {
	t.Helper()
	all, err := s.Outbox.Due(now, 50, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOneTransactionRecordsEverything(t *testing.T) {
	onBoth(t, testOneTransactionRecordsEverything)
}

func testOneTransactionRecordsEverything(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	e := arrival(1, "ivan@example.org")
	record(t, s, e)
	err := s.Ledger.Record(noon, []desk.Entry{arrival(2, "ivan@example.org")}, 24*time.Hour,
		func(_ int, f desk.Facts) (desk.Decision, error) {
			if diff := cmp.Diff([]uint64{1}, f.Same); diff != "" {
				t.Errorf("tickets of the same subject: %s", diff)
			}
			if f.Replies.Address != 1 || f.Replies.Domain != 1 || f.Replies.Subject != 1 {
				t.Errorf("auto-replies counted: %+v", f.Replies)
			}
			return desk.Decision{Verdict: desk.Ignored, Key: "k2"}, nil
		})
	if err != nil {
		t.Fatal(err)
	}
	progress, err := s.Ledger.Progress([]desk.Listing{{Place: e.Place}, {Place: desk.Place{
		Mailbox:     "support",
		UIDValidity: 8,
		UID:         1,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []desk.Progress{{ID: "m1@example.org", Known: true, Decided: true}, {}}
	if diff := cmp.Diff(want, progress); diff != "" {
		t.Errorf("progress: %s", diff)
	}
}

func TestAnErrorRecordsNothing(t *testing.T) { onBoth(t, testAnErrorRecordsNothing) }

func testAnErrorRecordsNothing(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	boom := errors.New("boom")
	entries := []desk.Entry{arrival(1, "a@example.org"), arrival(2, "b@example.org")}
	err := s.Ledger.Record(noon, entries, 0, func(i int, _ desk.Facts) (desk.Decision, error) {
		if i == 1 {
			return desk.Decision{}, boom
		}
		return opens(entries[i]), nil
	})
	if !errors.Is(err, boom) {
		t.Fatalf("got %v", err)
	}
	if n := len(due(t, s, noon)); n != 0 {
		t.Errorf("%d effects of a decision that was not recorded", n)
	}
}

func TestNothingOvertakesWithinATicket(t *testing.T) { onBoth(t, testNothingOvertakesWithinATicket) }

func testNothingOvertakesWithinATicket(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	record(t, s, arrival(1, "a@example.org"), arrival(2, "b@example.org"))
	first := due(t, s, noon)
	if len(first) != 2 || first[0].Effect.Kind != desk.OpenTask || first[1].Effect.Kind != desk.OpenTask {
		t.Fatalf("the two tasks are due, not the letters behind them: %+v", first)
	}
	if err := s.Outbox.Start(noon, desk.Attempts{Seqs: []uint64{first[0].Seq, first[1].Seq}}); err != nil {
		t.Fatal(err)
	}
	err := s.Outbox.Finish(noon, []desk.Result{
		{Seq: first[0].Seq, Hold: true, Note: "no such responsible"},
		{Seq: first[1].Seq, Done: true, Made: desk.Made{Task: 3711}},
	})
	if err != nil {
		t.Fatal(err)
	}
	next := due(t, s, noon.Add(24*time.Hour))
	if len(next) != 1 || next[0].Effect.Kind != desk.SendLetter || next[0].Effect.Task != 3711 {
		t.Fatalf("only the letter of the made task is due: %+v", next)
	}
	if _, err := s.Outbox.Retry(first[0].Seq); err != nil {
		t.Fatal(err)
	}
	if next = due(t, s, noon); len(next) != 2 || next[0].Seq != first[0].Seq {
		t.Fatalf("the held one is due again, in its place: %+v", next)
	}
}

func TestAnAttemptIsUnsureUntilItsResult(t *testing.T) {
	onBoth(t, testAnAttemptIsUnsureUntilItsResult)
}

func testAnAttemptIsUnsureUntilItsResult(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	record(t, s, arrival(1, "a@example.org"))
	seq := due(t, s, noon)[0].Seq
	if err := s.Outbox.Start(noon, desk.Attempts{Seqs: []uint64{seq}}); err != nil {
		t.Fatal(err)
	}
	if len(due(t, s, noon)) != 0 {
		t.Error("it is due again at once")
	}
	p := due(t, s, noon.Add(time.Minute))[0]
	if !p.Unsure || p.Tries != 1 || !p.First.Equal(noon) {
		t.Errorf("got %+v", p)
	}
	if err := s.Outbox.Finish(noon, []desk.Result{{
		Seq:   seq,
		Again: true,
		Next:  noon.Add(time.Hour),
		Note:  "limit",
	}}); err != nil {
		t.Fatal(err)
	}
	if p = due(t, s, noon.Add(time.Hour))[0]; p.Unsure || p.Note != "limit" {
		t.Errorf("got %+v", p)
	}
}

func TestAMessageIsReadyWhenItsTaskIsMade(t *testing.T) {
	onBoth(t, testAMessageIsReadyWhenItsTaskIsMade)
}

func testAMessageIsReadyWhenItsTaskIsMade(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	e := arrival(1, "a@example.org")
	record(t, s, e)
	ready := func() bool {
		p, err := s.Ledger.Progress([]desk.Listing{{Place: e.Place}})
		if err != nil {
			t.Fatal(err)
		}
		return p[0].Ready
	}
	if ready() {
		t.Error("ready before the task is made")
	}
	if err := s.Outbox.Finish(noon, []desk.Result{{
		Seq:  due(t, s, noon)[0].Seq,
		Done: true,
		Made: desk.Made{Task: 5},
	}}); err != nil {
		t.Fatal(err)
	}
	if !ready() { // the auto-reply may still be pending
		t.Error("not ready when the task is made")
	}
}

func TestOverlayLeavesTheFileAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	record(t, s, arrival(1, "a@example.org"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := digest(t, path)
	o := open(t, path, Options{Overlay: true})
	record(t, o, arrival(2, "a@example.org"))
	if n := len(due(t, o, noon)); n != 2 {
		t.Errorf("the overlay shows %d tickets, not 2", n)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if digest(t, path) != before {
		t.Error("the overlay changed the file")
	}
}

func TestOverlayOfAMissingFileMakesNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	o := open(t, path, Options{Overlay: true})
	record(t, o, arrival(1, "a@example.org"))
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("stat: %v", err)
	}
}

func digest(t *testing.T, path string) [32]byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(raw)
}

func TestOpenRefuses(t *testing.T) {
	made := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "state.db")
		s := open(t, path, Options{})
		record(t, s, arrival(1, "a@example.org"))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name string
		harm func(t *testing.T, path string)
		want error
	}{
		{"in use", func(t *testing.T, path string) { open(t, path, Options{}) }, ErrLocked},
		{"newer", func(t *testing.T, path string) {
			inFile(t, path, func(tx *bbolt.Tx) error {
				return tx.Bucket([]byte(bMeta)).Put([]byte("schema"), number(Schema+1))
			})
		}, ErrNewer},
		{"truncated", func(t *testing.T, path string) {
			if err := os.Truncate(path, 9000); err != nil {
				t.Fatal(err)
			}
		}, ErrBroken},
		{"truncated a little", func(t *testing.T, path string) {
			var size int64
			inFile(t, path, func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
			if err := os.Truncate(path, size-1); err != nil {
				t.Fatal(err)
			}
		}, ErrBroken},
		{"garbage", func(t *testing.T, path string) {
			if err := os.WriteFile(path, make([]byte, 40000), 0o600); err != nil {
				t.Fatal(err)
			}
		}, ErrBroken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := made(t)
			tt.harm(t, path)
			s, err := Open(path, Options{})
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err == nil {
				_ = s.Close()
			}
		})
	}
}

func TestBackupAndCompactKeepEverything(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	s := open(t, path, Options{})
	record(t, s, arrival(1, "a@example.org"))
	want, err := s.Outbox.Pendings()
	if err != nil {
		t.Fatal(err)
	}
	secret := s.Signer()
	for range 2 { // the second time replaces the first file
		if err := s.Backup(filepath.Join(dir, "copy.db")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := open(t, path, Options{Made: true}).Compact(); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, filepath.Join(dir, "copy.db")} {
		o := open(t, file, Options{})
		got, err := o.Outbox.Pendings()
		if err != nil {
			t.Fatal(err)
		}
		for i := range got { // pending effects in a copy are searched for before they are made
			if got[i].Unsure != (file != path) {
				t.Errorf("%s: unsure %t", file, got[i].Unsure)
			}
			got[i].Unsure, got[i].Tries, got[i].First, got[i].Last = false, 0, time.Time{}, time.Time{}
		}
		if diff := cmp.Diff(want, got); diff != "" || cmp.Diff(secret, o.Signer()) != "" {
			t.Errorf("%s: %s", file, diff)
		}
		_ = o.Close()
	}
}

func TestExclusionsCountTheirHits(t *testing.T) { onBoth(t, testExclusionsCountTheirHits) }

func testExclusionsCountTheirHits(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	if err := s.People.Exclude([]desk.Exclusion{{Match: "@example.org", Scope: desk.ScopeMail}}); err != nil {
		t.Fatal(err)
	}
	e := arrival(1, "a@example.org")
	err := s.Ledger.Record(noon, []desk.Entry{e}, 0, func(int, desk.Facts) (desk.Decision, error) {
		return desk.Decision{Verdict: desk.Ignored, Key: "k", Hits: []string{"@example.org", "@settings.example"}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.People.Exclusions()
	if err != nil || len(got) != 1 || got[0].Hits != 1 || !got[0].Last.Equal(noon) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnOlderStateIsCopiedAndBroughtUpToDate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	record(t, s, arrival(1, "a@example.org"))
	secret := s.Signer()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	long := []byte(strings.Repeat("x", 3000)) // an earlier layout stored long keys unchanged
	inFile(t, path, func(tx *bbolt.Tx) error {
		return errors.Join(tx.Bucket([]byte(bMeta)).Put([]byte("schema"), number(2)),
			tx.Bucket([]byte(bThreads)).Put(long, []byte(`{"ticket":1}`)))
	})
	before := digest(t, path)
	if o := open(t, path, Options{Overlay: true}); o.Close() != nil || digest(t, path) != before {
		t.Error("an overlay migrated the file")
	}
	s = open(t, path, Options{})
	if cmp.Diff(secret, s.Signer()) != "" || len(due(t, s, noon)) != 1 {
		t.Error("the state lost something")
	}
	if known, err := s.Ledger.Ask([]desk.Questions{{IDs: []string{string(long)}}}); err != nil ||
		known[0].Known[string(long)].Ticket != 1 {
		t.Errorf("a long Message-ID is not known: %+v, %v", known, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]uint64{path: Schema, path + ".v2": 2} {
		inFile(t, file, func(tx *bbolt.Tx) error {
			if got := tx.Bucket([]byte(bMeta)).Get([]byte("schema")); !cmp.Equal(got, number(want)) {
				t.Errorf("%s has layout %x", file, got)
			}
			return nil
		})
	}
}

// inFile calls fn with a transaction on a closed state file.
func inFile(t testing.TB, path string, fn func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// Auto-replies that no limit counts any more are deleted: the lists of the busiest domains are read with every letter.
func TestOldAutoRepliesAreForgotten(t *testing.T) { onBoth(t, testOldAutoRepliesAreForgotten) }

func testOldAutoRepliesAreForgotten(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	for day := range 5 {
		e := arrival(uint32(day+1), "ivan@example.org")
		err := s.Ledger.Record(noon.Add(time.Duration(day)*24*time.Hour), []desk.Entry{e}, 36*time.Hour,
			func(_ int, f desk.Facts) (desk.Decision, error) {
				if want := min(day, 1); f.Replies.Address != want || f.Replies.Domain != want {
					t.Errorf("day %d: %+v", day, f.Replies)
				}
				return opens(e), nil
			})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := s.view(func(tx txn) error {
		for _, key := range []string{"ivan@example.org", "@example.org"} {
			var all []reply
			if _, err := get(tx, bReplies, []byte(key), &all); err != nil || len(all) != 2 {
				t.Errorf("%s: %v, %v", key, all, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Within the window nothing below the limit is forgotten, however high the limit is. Without a domain none is counted.
func TestAutoRepliesAreCountedUpToAnyLimit(t *testing.T) {
	onBoth(t, testAutoRepliesAreCountedUpToAnyLimit)
}

func testAutoRepliesAreCountedUpToAnyLimit(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	const most = 230
	var all []desk.Entry
	for i := range uint32(most) {
		e := arrival(i+1, "ivan@example.org")
		e.Questions.Key = desk.DeriveKey("message", fmt.Sprint(i))
		all = append(all, e)
	}
	all = append(all, arrival(most+1, "ivan@example.org"))
	all[most].Questions.Counted = all[most].Questions.Counted[:1]
	err := s.Ledger.Record(noon, all, 24*time.Hour, func(i int, f desk.Facts) (desk.Decision, error) {
		want := desk.Replies{Address: i, Domain: i, Subject: i, Day: i}
		if i == most {
			want.Domain = 0
		}
		if diff := cmp.Diff(want, f.Replies); diff != "" {
			t.Fatalf("after %d: %s", i, diff)
		}
		return opens(all[i]), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.view(func(tx txn) error {
		if counted, err := has(tx, bReplies, []byte("@")); err != nil || counted {
			t.Error("an auto-reply without a domain is counted for one")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTextOfTheLatestLetterLiesBesideTheTicket(t *testing.T) {
	onBoth(t, testTextOfTheLatestLetterLiesBesideTheTicket)
}

func testTextOfTheLatestLetterLiesBesideTheTicket(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	record(t, s, arrival(1, "ivan@example.org"))
	for hour, text := range []string{"Принтер\nне печатает", "", "Again"} {
		at := noon.Add(time.Duration(hour) * time.Hour)
		err := s.update(func(tx txn) error {
			one, err := ticket(tx, 1)
			one.LastText, one.LastAt = text, at
			return errors.Join(err, putTicket(tx, one))
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Tickets.Ticket(1)
		if err != nil || got.LastText != text || !got.LastAt.Equal(at) {
			t.Errorf("%q: %q, %v", text, got.LastText, err)
		}
		err = s.update(func(tx txn) error { // read without its text and written again
			one, err := ticket(tx, 1)
			if one.LastText != "" {
				t.Errorf("read with every use: %q", one.LastText)
			}
			return errors.Join(err, putTicket(tx, one))
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err = s.Tickets.Ticket(1); err != nil || got.LastText != text {
			t.Errorf("%q: then %q, %v", text, got.LastText, err)
		}
	}
}

// Tasks that an earlier version could not read are not forgotten.
func TestReadingOfTheVersionBefore(t *testing.T) { onBoth(t, testReadingOfTheVersionBefore) }

func testReadingOfTheVersionBefore(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	old := []byte(`{"activity":"2026-03-12T09:00:00Z","retry":{"3701":3}}`)
	if err := s.update(func(tx txn) error { return tx.Bucket(bCursors).Put([]byte("portal"), old) }); err != nil {
		t.Fatal(err)
	}
	r, err := s.Tickets.Reading()
	if u, ok := r.Unread[3701]; err != nil || !ok || u.Tries != 3 || r.Activity.IsZero() {
		t.Errorf("%+v, %v", r, err)
	}
}

// Customers determine the length of addresses and subjects.
func TestKeysOfAnyLength(t *testing.T) { onBoth(t, testKeysOfAnyLength) }

func testKeysOfAnyLength(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	long := strings.Repeat("x", 40_000)
	for uid := range uint32(2) {
		e := arrival(uid+1, long+"@example.org")
		e.Questions.Subject = strings.Repeat("y", 33_000)
		err := s.Ledger.Record(noon, []desk.Entry{e}, time.Hour, func(_ int, f desk.Facts) (desk.Decision, error) {
			if len(f.Same) != int(uid) || f.Replies.Address != int(uid) {
				t.Errorf("message %d: tickets %v, replies %+v", uid+1, f.Same, f.Replies)
			}
			return opens(e), nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := s.view(func(tx txn) error {
		for _, name := range buckets {
			err := tx.Bucket(name).Walk(nil, func(key, _ []byte) error {
				if len(key) > longest {
					t.Errorf("%s: a key of %d bytes", name, len(key))
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Another message at a known place is unknown.
func TestAnotherMessageAtAKnownPlace(t *testing.T) {
	for name, c := range map[string]struct {
		was    string
		marked bool
		is     desk.Listing
		known  bool
	}{
		"the same":                   {"a:1:2", false, desk.Listing{Stamp: "a:1:2"}, true},
		"the same, done":             {"a:1:2", true, desk.Listing{Stamp: "a:1:2", Seen: true}, true},
		"done, and unread again":     {"a:1:2", true, desk.Listing{Stamp: "a:1:2"}, false},
		"another":                    {"a:1:2", false, desk.Listing{Stamp: "a:1:3"}, false},
		"another, done":              {"a:1:2", true, desk.Listing{Stamp: "a:1:3", Seen: true}, false},
		"kept by an earlier version": {"", false, desk.Listing{Stamp: "a:1:2"}, true},
		"of that, and unread again":  {"", true, desk.Listing{Stamp: "a:1:2"}, false},
		"asked for by place alone":   {"a:1:2", true, desk.Listing{}, true},
	} {
		s := fresh(t)
		e := arrivals(1, 1)[0]
		e.Stamp = c.was
		record(t, s, e)
		if c.marked {
			s.Ledger.Marked([]desk.Place{e.Place})
			if err := s.settle(); err != nil {
				t.Fatal(err)
			}
		}
		c.is.Place = e.Place
		ps, err := s.Ledger.Progress([]desk.Listing{c.is})
		if err != nil || ps[0].Known != c.known {
			t.Errorf("%s: %+v, %v", name, ps, err)
		}
	}
}
