package person

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store"
	"helpdesk/templates"
)

// jailed returns the trail of Anna: her letter in the quarantine, and a letter of somebody else with her in copy.
func jailed(t *testing.T) *store.Trail {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "state.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)
	for uid, from := range map[uint32]desk.Address{
		1: {Name: "Anna Karenina", Addr: "anna@a.example"},
		2: {Addr: "oleg@b.example"},
	} {
		e := desk.Entry{Listing: desk.Listing{Place: desk.Place{
			Mailbox:     "support",
			UIDValidity: 7,
			UID:         uid,
		}}, From: from,
			ID: from.Addr, Subject: "Hello"}
		raw := []byte("From: " + from.String() + "\r\nCc: anna@a.example\r\n\r\nsecret of " + from.Addr)
		if _, err := s.Quarantine.Keep(now, e, desk.Keeping{Key: from.Addr, Raw: raw}, nil); err != nil {
			t.Fatal(err)
		}
	}
	trail, err := s.Persons.Trail("anna@a.example")
	if err != nil {
		t.Fatal(err)
	}
	return trail
}

// The folder contains the person's whole letters unchanged, and nothing of others' letters.
func TestExportWritesWholeLetters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "anna")
	if _, err := Export(dir, jailed(t)); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "letters", "*.eml"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v %v", found, err)
	}
	raw, err := os.ReadFile(found[0])
	if err != nil || !bytes.HasSuffix(raw, []byte("\r\n\r\nsecret of anna@a.example")) {
		t.Errorf("%q %v", raw, err)
	}
	overview, err := os.ReadFile(filepath.Join(dir, "person.json"))
	if err != nil || !bytes.Contains(overview, []byte(`"named_in": [
    {`)) {
		t.Errorf("%s %v", overview, err)
	}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte("secret of oleg")) {
			t.Errorf("%s has another's letter", path)
		}
		if info, _ := d.Info(); info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := Export(dir, jailed(t)); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("into a folder with something: %v", err)
	}
}

// In both languages the record has everything that the order requires, and no empty fields.
func TestTheActSaysWhatTheOrderAsksFor(t *testing.T) {
	trail := jailed(t)
	trail.Tasks = []store.TaskOf{{Task: 3701, Link: "https://portal/3701/"}}
	a := Act{Operator: "Operator", OperatorAddress: "Street 1", System: "Desk", State: "state.db", By: "Orlova",
		User: "root", Reason: "consent withdrawn", Order: "request 5", Version: "1.0", File: true,
		Rewritten: true}
	if err := a.Missing(); err != nil {
		t.Error(err)
	}
	for _, locale := range []string{"ru", "en"} {
		var out strings.Builder
		if err := a.Of(trail, time.Date(2026, 3, 12, 12, 0, 0, 0, time.Local)).Write(&out, templates.FS,
			locale); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Operator", "Street 1", "Desk", "state.db", "Orlova", "consent withdrawn",
			"request 5",
			"12.03.2026", "Anna Karenina", "anna@a.example", "https://portal/3701/", "179", "quarantine: ",
			"support: UID 1"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q is missing in\n%s", locale, want, &out)
			}
		}
		for _, c := range Categories(trail) {
			if strings.Contains(out.String(), "- "+c+"\n") {
				t.Errorf("%s: no word for category %s", locale, c)
			}
		}
		t.Log(out.String())
	}
	if err := (Act{Operator: "x"}).Missing(); err == nil || !strings.Contains(err.Error(), "--by") {
		t.Errorf("a record that says too little: %v", err)
	}
}

// Every category has a name in both languages.
func TestEveryCategoryHasAWord(t *testing.T) {
	all := []string{"address", "name", "texts", "letters", "ids", "journal", "counters", "crm"}
	for _, locale := range []string{"ru", "en"} {
		var out strings.Builder
		if err := (Act{Categories: all}).Write(&out, templates.FS, locale); err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if strings.Contains(out.String(), "- "+c+"\n") {
				t.Errorf("%s: no word for category %s", locale, c)
			}
		}
	}
}
