package store

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
)

func TestPicturesAreCountedBySender(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "state.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var seen []map[string]int
	uid := uint32(0)
	letter := func(from, key string, verdict desk.Verdict, hashes ...string) {
		t.Helper()
		uid++
		e := desk.Entry{Listing: desk.Listing{
			Place:    desk.Place{Mailbox: "support", UID: uid},
			Received: noon,
		}, From: desk.Address{Addr: from},
			Questions: desk.Questions{
				Key:      key,
				Address:  from,
				Pictures: hashes,
				Senders:  []string{from, "other@example.org"},
			}}
		err := s.Ledger.Record(noon, []desk.Entry{e}, 0, func(_ int, f desk.Facts) (desk.Decision, error) {
			seen = append(seen, f.Pictures)
			return desk.Decision{Key: key, Verdict: verdict, Hits: []string{"@example.org"}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	letter("ivan@example.org", "1", desk.Ignored, "logo", "photo")
	letter("ivan@example.org", "2", desk.Ignored, "logo")
	letter("ivan@example.org", "2", desk.Duplicate, "logo") // a duplicate of the letter does not count
	letter("anna@example.org", "3", desk.Ignored, "logo")
	letter("ivan@example.org", "4", desk.Ignored, "logo", "photo", "new")
	want := []map[string]int{{}, {"logo": 1}, {"logo": 2}, {}, {"logo": 2, "photo": 1}}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	hits, err := s.People.Hits()
	if x := hits["@example.org"]; err != nil || x.Hits != 4 || !x.Last.Equal(noon) {
		t.Errorf("hits of an exclusion of the settings: %+v, %v", x, err)
	}
	if err := s.Ledger.Records(noon.Add(-time.Hour), func(r desk.Record) error {
		if !cmp.Equal(r.Senders, []string{"other@example.org"}) {
			t.Errorf("%s: other senders %v", r.Key, r.Senders)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
