package cmd

import (
	"os"
	"path/filepath"
	"testing"

	"helpdesk/pkg/store"
)

// On a terminal the person sees the records to be removed, and is asked.
func TestErasingAsks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := filepath.Join(dir, "state.db")
	knows := func() bool {
		s, err := store.Open(state, store.Options{Wait: inherited})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, ok, err := s.People.Contact("anna@a.example")
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	s, err := store.Open(state, store.Options{Wait: inherited})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.People.SetContacts(map[string]string{"anna@a.example": "Anna Karenina"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		answer string
		known  bool
	}{{"", true}, {"no", true}, {"y", false}} {
		on := onTerminal(t, dir, append(os.Environ(), "HELPDESK_CONFIG="), "--state", state, "person", "erase",
			"anna@a.example")
		on.expects("Anna Karenina")
		on.expects("Remove all this of anna@a.example? [y/N]")
		on.types(c.answer)
		if err := on.Wait(); (err == nil) == c.known || knows() != c.known {
			t.Errorf("%q: %v, still known: %v\n%s", c.answer, err, knows(), on.Seen())
		}
	}
}
