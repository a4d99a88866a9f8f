package cmd

import (
	"os"
	"path/filepath"
	"testing"

	"helpdesk/pkg/store"
)

// On a terminal the person is asked before everybody of a country or of a mail provider is excluded, and only then.
func TestExcludingEverybodyAsks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := filepath.Join(dir, "state.db")
	excluded := func(pattern string) bool {
		s, err := store.Open(state, store.Options{Wait: inherited})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		all, err := s.People.Exclusions()
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			if x.Match == pattern {
				return true
			}
		}
		return false
	}
	for _, c := range []struct {
		typed, pattern, answer string
		excluded               bool
	}{
		{"@ru", "@ru", "", false}, {"@ru", "@ru", "n", false}, {"@ru", "@ru", "yes", true},
		{"@*.COM.UA", "@*.com.ua", "no", false}, {"@*.COM.UA", "@*.com.ua", "y", true},
		{"@Rambler.ru", "@rambler.ru", "y", true},
		{"@firm.example.com", "@firm.example.com", "not asked", true},
	} {
		on := onTerminal(t, dir, append(os.Environ(), "HELPDESK_CONFIG="), "--state", state, "exclude", "add", c.typed)
		if c.answer != "not asked" {
			on.expects("that is everybody there, not one organisation. Exclude them all? [y/N]")
			on.types(c.answer)
		}
		if err := on.Wait(); (err == nil) != c.excluded || excluded(c.pattern) != c.excluded {
			t.Errorf("%s, %q: %v, excluded: %v\n%s", c.typed, c.answer, err, excluded(c.pattern), on.Seen())
		}
	}
}
