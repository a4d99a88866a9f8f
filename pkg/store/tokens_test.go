package store

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestTokens(t *testing.T) { onBoth(t, testTokens) }

func testTokens(t *testing.T, fresh func(testing.TB) *Store) {
	s := fresh(t)
	get := func(want string) {
		t.Helper()
		if raw, err := s.Tokens.Get("support"); err != nil || string(raw) != want || (raw == nil) != (want == "") {
			t.Fatalf("%q, %v; want %q", raw, err, want)
		}
	}
	get("")
	for _, v := range []string{`{"access":"a"}`, `{"access":"b"}`, ""} {
		var raw []byte
		if v != "" {
			raw = []byte(v)
		}
		if err := s.Tokens.Put("support", raw); err != nil {
			t.Fatal(err)
		}
		get(v)
	}
}

// A copy includes the tokens, and only the owner can read it.
func TestTokensInCopies(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "state.db"), filepath.Join(dir, "copy.db")
	s := open(t, path, Options{})
	if err := errors.Join(s.Tokens.Put("support", []byte("{}")), s.Backup(copied), s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, copied} {
		if st, err := os.Stat(p); err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", p, st.Mode(), err)
		}
	}
	s = open(t, copied, Options{})
	if raw, err := s.Tokens.Get("support"); err != nil || string(raw) != "{}" {
		t.Errorf("%q, %v", raw, err)
	}
	// A dry run stores nothing.
	_ = s.Close()
	s = open(t, copied, Options{Overlay: true})
	if err := errors.Join(s.Tokens.Put("support", []byte("x")), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, copied, Options{})
	if raw, _ := s.Tokens.Get("support"); string(raw) != "{}" {
		t.Errorf("after a dry run: %q", raw)
	}
}
