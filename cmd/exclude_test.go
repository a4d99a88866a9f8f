package cmd

import (
	"path/filepath"
	"testing"

	"helpdesk/pkg/desk"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// A pattern that only an older version accepted can be removed.
func TestOldExclusionIsRemoved(t *testing.T) {
	d := newDrive(t, sandbox.PortalOptions{}, "")
	s, err := store.Open(filepath.Join(d.dir, "helpdesk.db"), store.Options{Wait: inherited})
	if err != nil {
		t.Fatal(err)
	}
	err = s.People.Exclude([]desk.Exclusion{{Match: "@b..ru", Scope: desk.ScopeAutoReply}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.must(2, "exclude", "remove", "@c..ru")
	d.must(0, "exclude", "remove", "@b..ru")
	if out := d.must(0, "exclude", "list", "--json"); out != "[]\n" {
		t.Error(out)
	}
}
