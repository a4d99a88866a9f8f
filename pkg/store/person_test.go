package store

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/engine"
)

// anna is the person whose data is removed in these tests. Her domain has non-ASCII letters.
var anna = desk.Address{Name: "Анна Каренина", Addr: "Anna.Karenina@почта.example"}

// crowded fills each bucket with an entry of the person and an entry of somebody else that mentions the person.
func crowded(t testing.TB, s *Store) {
	t.Helper()
	key, name := anna.Key(), anna.Name
	said := "Пишет " + name + " <" + key +
		">, также ANNA.KARENINA@ПОЧТА.EXAMPLE и mailto:anna.karenina%40xn--80a1acny.example"
	e := arrival(1, anna.Addr)
	e.From, e.Subject, e.ID = anna, "Заявка от "+name, "20260312.anna@почта.example"
	e.Questions.Address, e.Questions.Subject = key, "заявка от анна каренина"
	e.Questions.Counted, e.Questions.Arrivals = []string{key}, []string{key}
	e.Questions.Pictures = []string{strings.Repeat("a", 64)}
	d := opens(e)
	d.Counted = []string{key}
	d.Ticket.ReplyTo, d.Ticket.Participants, d.Ticket.Subjects = anna, []string{"boss@other.example"}, []string{said}
	d.Ticket.LastID, d.Ticket.LastText, d.Ticket.LastAt, d.Ticket.References = e.ID, said, noon, []string{e.ID}
	d.Ticket.Signatures, d.Ticket.Undeliver = []string{name}, said
	d.Ticket.Mailbox = "support"
	d.Effects[0].Post = &desk.Post{Form: desk.FormTask, Title: said, Subject: said, Text: said, From: anna,
		Missing: []string{said}, Files: []desk.File{{Name: name + ".pdf"}}, Notes: []desk.Note{{
			Key:    "via",
			Detail: key,
		}}}
	d.Effects[1].Letter = &desk.Draft{Kind: desk.Received, Mailbox: "support", To: anna, Subject: said, InReplyTo: e.ID,
		References: []string{e.ID}, Comments: []desk.Comment{{Text: said}}}
	decide(t, s, e, d)

	// A ticket of somebody else, with her in copy and her letter as the latest.
	o := arrival(2, "oleg@other.example")
	od := opens(o)
	od.Ticket.Participants = []string{key, "boss@other.example"}
	od.Ticket.Subject, od.Ticket.LastID, od.Ticket.LastText = "Вопрос: "+said, o.ID, "Добрый день. "+said
	od.Ticket.Requester = desk.Address{Name: "Олег", Addr: "oleg@other.example"}
	od.Ticket.LastAt = noon
	od.Effects[0].Post.Text = "Олег спрашивает. " + said
	decide(t, s, o, od)
	hers := arrival(3, anna.Addr)
	hers.From, hers.ID = anna, "second@почта.example"
	ticket := *od.Ticket
	ticket.Number, ticket.Task, ticket.Status = 2, 3712, desk.Open
	comment := desk.DeriveKey("comment", hers.Questions.Key)
	decide(t, s, hers, desk.Decision{Verdict: desk.Commented, Key: hers.Questions.Key, Ticket: &ticket,
		Thread: map[string]desk.Link{hers.ID: {Ticket: 2, Origin: desk.FromCustomer}},
		Effects: []desk.Effect{{Kind: desk.CommentTask, Key: comment, Ticket: 2,
			Post: &desk.Post{Form: desk.FormRepeat, Text: said, From: anna}}}})

	for seq, only := range map[uint64]desk.Address{50: anna, 51: {}} { // one copy to her is pending
		l := desk.Effect{Kind: desk.SendLetter, Key: fmt.Sprint("k", seq), Ticket: 2, Letter: &desk.Draft{
			To: desk.Address{Addr: "oleg@other.example"}, Cc: []desk.Address{anna, {Addr: "boss@other.example"}},
			Only: only}}
		if err := s.update(func(tx txn) error {
			return save(tx, desk.Pending{Seq: seq, Effect: l, Added: noon}, true)
		}); err != nil {
			t.Fatal(err)
		}
	}

	put := func(bucket string, key []byte, v any) {
		t.Helper()
		if err := s.update(func(tx txn) error { return put(tx, bucket, key, v) }); err != nil {
			t.Fatal(err)
		}
	}
	raw := func(bucket string, key []byte, v string) {
		t.Helper()
		if err := s.update(func(tx txn) error { return tx.Bucket(bucket).Put(key, []byte(v)) }); err != nil {
			t.Fatal(err)
		}
	}
	raw(bTexts, sentKey(1), "Здравствуйте, "+said)
	raw(bTexts, sentKey(2), "Здравствуйте, Олег! "+said)
	put(bJournal, append(number(1), number(90)...), desk.Step{What: "letter", To: anna.Addr, Note: said, ID: e.ID,
		Files: []string{name + ".pdf"}, Letters: 9})
	put(bJournal, append(number(2), number(91)...), desk.Step{What: "comment", Key: comment, Note: said,
		Files: []string{"паспорт.pdf"}})
	put(bJournal, append(number(2), number(92)...), desk.Step{What: "letter", To: "oleg@other.example", Note: said})
	put(bUnseen, []byte("u1"), desk.Unconfirmed{Effect: desk.Effect{
		Key:    "u1",
		Ticket: 1,
		Post:   &desk.Post{Text: said},
	}})
	put(bUnseen, []byte("u3"), desk.Unconfirmed{Seq: 61, Effect: desk.Effect{Key: "u3", Ticket: 1, Post: &desk.Post{}}})
	put(bEffects, number(61), desk.Effect{Key: "u3", Ticket: 1, Post: &desk.Post{Text: unseenText}})
	put(bUnseen, []byte("u2"), desk.Unconfirmed{Effect: desk.Effect{Key: "u2", Ticket: 2, Post: &desk.Post{Text: said,
		Notes: []desk.Note{{Detail: key}}}}})
	put(bQuarantine, number(1), desk.Quarantined{Seq: 1, Place: desk.Place{
		Mailbox: "support",
		UID:     8,
	}, From: anna.String(),
		Subject: said, Cause: said, Whole: true, Size: 5})
	put(bQuarantine, number(2), desk.Quarantined{Seq: 2, Place: desk.Place{Mailbox: "support", UID: 9},
		From: "oleg@other.example", Subject: said, Whole: true, Size: 7})
	encoded := base64.StdEncoding.EncodeToString([]byte(said))
	raw(bRaw, number(1), "From: "+key)
	raw(bRaw, number(2), "From: oleg@other.example\r\nContent-Transfer-Encoding: base64\r\n\r\n"+encoded[:60]+"\r\n"+
		encoded[60:])
	put(bAttempts, placeKey(desk.Place{Mailbox: "support", UID: 8}), attempt{ID: e.ID, Note: said, Held: true})
	put(bAttempts, placeKey(desk.Place{Mailbox: "support", UID: 7}), attempt{Note: said})
	put(bProfiles, profileKey("bitrix24", key), profile{Profile: desk.Profile{Name: name, CRM: []string{"C_5"}}})
	put(bProfiles, profileKey(letters, key), profile{Locale: "ru"})
	put(bExclusions, []byte(key), desk.Exclusion{Match: key, Note: said})
	put(bExclusions, []byte("@other.example"), desk.Exclusion{Match: "@other.example", Note: "просила " + name})
	put(bHits, []byte(key), desk.Exclusion{Match: key, Hits: 3})
	put(bReturned, []byte(key), returned{At: noon})
	put(bAccepted, []byte("d1"), desk.Accepted{ID: "d1", Ticket: 1, File: "паспорт.pdf", Note: said})
	put(bAccepted, []byte("d2"), desk.Accepted{ID: "d2", Ticket: 2, Note: said})
	put(bCopies, number(1), desk.Copy{Seq: 1, Mailbox: "support", ID: "hd.x@a", Ticket: 1, To: key})
	put(bCopies, number(2), desk.Copy{Seq: 2, Mailbox: "support", ID: "hd.y@a"}) // written by an earlier version
	raw(bSent, number(1), "To: "+key+"\r\n\r\n")
	raw(bSent, number(2), "To: "+key+"\r\n\r\n")
	put(bCursors, []byte("prune"), position{Bucket: bProfiles, Key: profileKey("bitrix24", key)})
	if _, err := s.People.SetContacts(map[string]string{anna.Addr: name, "oleg@other.example": "Олег"}); err != nil {
		t.Fatal(err)
	}
	status, err := json.Marshal(map[string]any{"troubles": said, "big": uint64(1) << 62})
	if err == nil {
		err = s.Cache(noon, map[string][]byte{"status": status, "other": []byte("not JSON: " + key)})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func decide(t testing.TB, s *Store, e desk.Entry, d desk.Decision) {
	t.Helper()
	err := s.Ledger.Record(noon, []desk.Entry{e}, 24*time.Hour, func(int, desk.Facts) (desk.Decision, error) {
		return d, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// leftOf returns the places where a state still contains one of the words, in any encoding.
func leftOf(t testing.TB, s *Store, words ...string) (found []string) {
	t.Helper()
	err := s.db.View(func(tx engine.Tx) error {
		for _, b := range buckets {
			err := tx.Bucket(b).Walk(nil, func(key, value []byte) error {
				for _, w := range encodings(words) {
					if bytes.Contains(bytes.ToLower(append(bytes.Clone(key), value...)), []byte(w)) {
						found = append(found, fmt.Sprintf("%s/%q: %s: %s", b, key, w, value))
					}
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
	return found
}

// encodings returns words as they may occur in a state, in lower case: plain, with JSON escapes, and in base64 at each
// offset.
func encodings(words []string) (all []string) {
	for _, w := range words {
		for _, form := range []string{w, strings.ToLower(w), strings.ToUpper(w)} {
			quoted := fmt.Sprintf("%+q", form)
			all = append(all, form, quoted[1:len(quoted)-1])
			for skip := range 3 {
				coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + form))
				from, to := (skip*8+5)/6, len(strings.TrimRight(coded, "="))-2
				all = append(all, coded[from:to])
			}
		}
	}
	for i := range all {
		all[i] = strings.ToLower(all[i])
	}
	return slices.Compact(slices.Sorted(slices.Values(all)))
}

// unseenText is the text of a task for anna's letter that was made and not seen yet.
const unseenText = "сломался принтер"

var annas = []string{"anna.karenina@", "anna.karenina%40", "почта.example", "xn--80a1acny", "каренина"}

func TestNothingOfAPersonIsLeft(t *testing.T) { onBoth(t, testNothingOfAPersonIsLeft) }

func testNothingOfAPersonIsLeft(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	crowded(t, s)
	trail, err := s.Persons.Trail(strings.ToUpper(anna.Addr))
	if err != nil {
		t.Fatal(err)
	}
	kinds, shown := map[string]int{}, false
	for _, f := range trail.Records {
		kinds[f.bucket]++
		shown = shown || f.bucket == bEffects && f.Number == 61 && f.Theirs
	}
	if !shown {
		t.Error("the text of a task that was not seen yet is not hers")
	}
	for _, b := range buckets {
		if !slices.Contains([]string{bMeta, bSeen, bTasks, bTokens}, b) && kinds[b] == 0 {
			t.Errorf("nothing is listed of bucket %s", b)
		}
	}
	done, err := s.Persons.Erase(noon, anna.Addr)
	if err != nil || len(done.Records) != len(trail.Records) || len(done.Waiting) != 4 {
		t.Fatalf("%v: %d of %d records; waiting %+v", err, len(done.Records), len(trail.Records), done.Waiting)
	}
	for _, f := range leftOf(t, s, append([]string{unseenText}, annas...)...) {
		t.Error(f)
	}
	again, err := s.Persons.Trail(anna.Addr)
	if err != nil || !again.Empty() {
		t.Errorf("afterwards: %v %+v", err, again.Records)
	}
	keeps(t, s)
}

// keeps checks that data of other people and data still needed remain.
func keeps(t *testing.T, s *Store) {
	t.Helper()
	other, err := s.Tickets.Ticket(2)
	if err != nil || other.Requester.Addr != "oleg@other.example" || !other.Erased.IsZero() ||
		!slices.Equal(other.Participants, []string{"boss@other.example"}) {
		t.Errorf("another's ticket: %v %+v", err, other)
	}
	hers, err := s.Tickets.Ticket(1)
	if err != nil || hers.Erased.IsZero() || hers.Requester != (desk.Address{}) || hers.Mailbox != "support" {
		t.Errorf("her ticket: %v %+v", err, hers)
	}
	var left desk.Effect
	err = s.view(func(tx txn) error {
		if only, err := has(tx, bEffects, number(50)); err != nil || only {
			t.Errorf("what was to go to her alone is there: %v", err)
		}
		_, err := get(tx, bEffects, number(51), &left)
		return err
	})
	if err != nil || left.Letter == nil || len(left.Letter.Cc) != 1 || left.Letter.Cc[0].Addr != "boss@other.example" {
		t.Errorf("a letter to others: %v %+v", err, left.Letter)
	}
	if p, ok, err := s.People.Contact("oleg@other.example"); err != nil || !ok || p.Name != "Олег" {
		t.Errorf("another's name: %v %v %v", p, ok, err)
	}
	facts, err := s.Ledger.Ask([]desk.Questions{{Key: arrival(1, "").Questions.Key, Address: anna.Key(),
		IDs: []string{"20260312.anna@почта.example", "second@почта.example", "unknown@почта.example"}}})
	if err != nil || !facts[0].Recorded || len(facts[0].Known) != 2 {
		t.Errorf("what is known of her letters: %v %+v", err, facts)
	}
	if raw, ok := s.Cached("status", time.Time{}); !ok || !bytes.Contains(raw, []byte("4611686018427387904")) {
		t.Errorf("the status: %s", raw)
	}
	var kept shelf
	if err := s.view(func(tx txn) error {
		_, err := get(tx, bMeta, kShelf, &kept)
		return err
	}); err != nil || kept.Bytes != 0 {
		t.Errorf("bytes in the quarantine: %v %+v", err, kept)
	}
}

// Removed data does not remain in the file, not even in unused pages.
func TestNoByteOfAPersonIsLeft(t *testing.T) {
	path := t.TempDir() + "/state.db"
	s := open(t, path, Options{})
	crowded(t, s)
	if _, err := s.Persons.Erase(noon, anna.Addr); err != nil {
		t.Fatal(err)
	}
	if err := s.Rewrite(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range encodings(annas) {
		if at := bytes.Index(bytes.ToLower(raw), []byte(w)); at >= 0 {
			t.Errorf("%s at %d: %q", w, at, raw[max(0, at-40):min(len(raw), at+60)])
		}
	}
	s = open(t, path, Options{})
	keeps(t, s)
}

func TestOthersAreNotTakenForAPerson(t *testing.T) {
	p := newTraces([]string{"ivan@a.example"}, []string{"Ivan Petrov", "Ivan"})
	for text, want := range map[string]string{
		"ivan@a.example":                        "***",
		"<IVAN@A.EXAMPLE>.":                     "<***>.",
		"an ivan@a.example. A":                  "an ***. A",
		"divan@a.example":                       "divan@a.example",
		"x.ivan@a.example":                      "x.ivan@a.example",
		"ivan@a.example.com":                    "ivan@a.example.com",
		"ivan@a.example-b.ru":                   "ivan@a.example-b.ru",
		"ivan+x@a.example":                      "ivan+x@a.example",
		"Ivan and Ivan  Petrov, Ivan Petrovich": "Ivan and ***, Ivan Petrovich",
		"mailto:ivan@a.example?subject=x":       "mailto:***?subject=x",
		"PETROV IVAN, Petrov, Ivan; Ivan,":      "***, ***; Ivan,",
		"Petrova Ivan; Petrov Ivanovich":        "Petrova Ivan; Petrov Ivanovich",
	} {
		if got := p.cut(text); got != want || p.in(text) != (want != text) {
			t.Errorf("%q: %q, want %q; found: %v", text, got, want, p.in(text))
		}
	}
}

func TestErasingNobody(t *testing.T) {
	s := fresh(t)
	crowded(t, s)
	before := leftOf(t, s, annas...)
	if len(before) < 100 {
		t.Errorf("the search finds too little: %q", before)
	}
	trail, err := s.Persons.Erase(noon, "nobody@else.example")
	if err != nil || !trail.Empty() || len(leftOf(t, s, annas...)) != len(before) {
		t.Errorf("%v: %+v", err, trail)
	}
	if _, err := Open(s.db.About().Name, Options{}); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
}

// closedAtNoon fills a state with a ticket that was closed at noon. If another is set, its requester also has an open
// ticket.
func closedAtNoon(t *testing.T, s *Store, another bool) {
	t.Helper()
	crowded(t, s)
	err := s.update(func(tx txn) error {
		var seqs []uint64
		err := each(tx, bOutbox, func(_ []byte, e entry) error { seqs = append(seqs, e.Seq); return nil })
		for _, seq := range seqs {
			err = errors.Join(err, remove(tx, seq))
		}
		one, terr := ticket(tx, 1)
		one.Status, one.ClosedAt, one.Task = desk.Done, noon, 3711
		one.Participants = append(one.Participants, "colleague@other.example")
		for _, who := range []string{"colleague@other.example", "boss@other.example"} { // he is in copy elsewhere, too
			err = errors.Join(err, put(tx, bReturned, []byte(who), returned{At: noon}))
		}
		err = errors.Join(err, terr, putTicket(tx, one))
		if another {
			one.Number, one.Status, one.ClosedAt = 9, desk.Open, time.Time{}
			err = errors.Join(err, putTicket(tx, one))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestClosedTicketsAreForgotten(t *testing.T) { onBoth(t, testClosedTicketsAreForgotten) }

func testClosedTicketsAreForgotten(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	closedAtNoon(t, s, false)
	if n, more, err := s.Persons.Expire(noon, noon, 10); err != nil || n != 0 || more {
		t.Errorf("at the very time: %d %v %v", n, more, err)
	}
	n, more, err := s.Persons.Expire(noon.Add(time.Hour), noon.Add(time.Minute), 10)
	if err != nil || n != 1 || more {
		t.Fatalf("%d %v %v", n, more, err)
	}
	for _, f := range leftOf(t, s, unseenText) {
		t.Error(f)
	}
	left := map[string]bool{}
	for _, f := range leftOf(t, s, annas...) {
		b, key, _ := strings.Cut(f, "/")
		left[b] = true
		if b == bTickets && strings.HasPrefix(key, `"\x00\x00\x00\x00\x00\x00\x00\x01"`) ||
			b == bThreads && strings.Contains(key, "20260312") {
			t.Error(f)
		}
	}
	for _, b := range []string{bReplies, bReturned, bPictures, bProfiles, bSubjects} {
		if left[b] {
			t.Errorf("%s still knows who has no other ticket", b)
		}
	}
	for _, b := range []string{bContacts, bExclusions, bTickets} { // what people maintain, and the other ticket
		if !left[b] {
			t.Errorf("%s has lost what is not the ticket's", b)
		}
	}
	texts := 0
	_ = s.view(func(tx txn) error {
		for who, want := range map[string]bool{"colleague@other.example": false, "boss@other.example": true} {
			if there, err := has(tx, bReturned, []byte(who)); there != want || err != nil {
				t.Errorf("%s is known: %v, %v", who, there, err)
			}
		}
		return tx.Bucket(bTexts).Walk(nil, func(key, _ []byte) error {
			if bytes.HasPrefix(key, number(1)) {
				texts++
			}
			return nil
		})
	})
	if texts != 0 {
		t.Errorf("%d texts of the ticket", texts)
	}
	if one, err := s.Tickets.Ticket(1); err != nil || one.Erased.IsZero() || len(one.Participants) != 0 ||
		one.Task != 3711 {
		t.Errorf("%v %+v", err, one)
	}
	if n, _, err := s.Persons.Expire(noon.Add(time.Hour), noon.Add(time.Minute), 10); n != 0 || err != nil {
		t.Errorf("again: %d %v", n, err)
	}
	facts, err := s.Ledger.Ask([]desk.Questions{{
		Key: arrival(1, "").Questions.Key,
		IDs: []string{"20260312.anna@почта.example"},
	}})
	if err != nil || !facts[0].Recorded || len(facts[0].Known) != 1 {
		t.Errorf("what is known of the letters: %v %+v", err, facts)
	}
}

func TestCountersStayWhileThereIsAnotherTicket(t *testing.T) {
	s := fresh(t)
	closedAtNoon(t, s, true)
	if n, more, err := s.Persons.Expire(noon.Add(time.Hour), noon.Add(time.Minute), 10); err != nil || n != 1 || more {
		t.Fatalf("%d %v %v", n, more, err)
	}
	if ok := slices.ContainsFunc(leftOf(t, s, annas...), func(f string) bool {
		return strings.HasPrefix(f, bReturned)
	}); !ok {
		t.Error("the address is forgotten though it has an open ticket")
	}
}
