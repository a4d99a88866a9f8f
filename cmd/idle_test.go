package cmd

import (
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// preparations are functions of what only a pass with work needs: patterns, word lists, texts. The last one allocates 36
// kB for the first pattern that is matched.
var preparations = []string{"helpdesk/pkg/quote.Compile", "helpdesk/pkg/desk.Compile", "helpdesk/pkg/desk.NewLexicon",
	"helpdesk/pkg/naming.Compile", "helpdesk/pkg/render.New", "helpdesk/pkg/render.NewAlarms",
	"helpdesk/cmd/wiring.Calendar", "helpdesk/cmd/wiring.Try", "regexp.(*Regexp).backtrack"}

// A process whose pass finds nothing to do prepares nothing for work, even if the settings name a list of days off. The
// first one tries the settings.
func TestIdlePassesPrepareNothing(t *testing.T) {
	t.Parallel()
	r, err := newRig(t.TempDir(), sandbox.PortalOptions{}, "calendar: {holidays: [russia]}\n")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	first, poll, notify := allocating(t, r, "poll"), allocating(t, r, "poll"), allocating(t, r, "notify")
	for _, name := range preparations {
		if !slices.Contains(first, name) {
			t.Errorf("the first pass does not call %s", name)
		}
		if slices.Contains(poll, name) || slices.Contains(notify, name) {
			t.Errorf("an idle pass calls %s", name)
		}
	}
}

// A notify that has comments to send compiles no rules for cutting letters, which it does not read.
func TestNotifyDoesNotPrepareToRead(t *testing.T) {
	t.Parallel()
	r, err := newRig(t.TempDir(), sandbox.PortalOptions{}, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	raw := "From: ivan@romashka.example\nTo: support@helpdesk.example\nSubject: Printer\nMessage-ID: " +
		"<1@romashka.example>\n" +
		"Date: @DATE@\n\nIt does not print.\n"
	if _, err := r.arrive([]byte(raw), time.Now()); err != nil {
		t.Fatal(err)
	}
	allocating(t, r, "poll")
	allocating(t, r, "notify")
	r.portal.Say(r.portal.Tasks()[0].ID, 7, "Please restart it.")
	names := allocating(t, r, "notify")
	if n := len(r.smtp.Letters()); n != 2 || !slices.Contains(names, "helpdesk/pkg/desk.Compile") {
		t.Errorf("no answer is sent: %d letters", n)
	}
	if slices.Contains(names, "helpdesk/pkg/quote.Compile") {
		t.Error("notify compiles the rules that cut letters")
	}
}

// allocating runs a command in a process of its own, and returns the functions in which something was allocated.
func allocating(t *testing.T, r *rig, args ...string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mem")
	c := exec.Command("helpdesk-profiled", args...)
	c.Dir, c.Env = r.dir, []string{"GODEBUG=memprofilerate=1", "HELPDESK_MEMPROFILE=" + file}
	for name, value := range r.environment() {
		c.Env = append(c.Env, name+"="+value)
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return stringsOf(raw)
}

// stringsOf returns the table of strings of a profile (profile.proto of github.com/google/pprof).
func stringsOf(profile []byte) (all []string) {
	const bytesType, stringTable = 2, 6
	for len(profile) > 0 {
		tag, n := binary.Uvarint(profile)
		value, m := binary.Uvarint(profile[n:])
		profile = profile[n+m:]
		if tag%8 != bytesType {
			continue
		}
		if tag/8 == stringTable {
			all = append(all, string(profile[:value]))
		}
		profile = profile[value:]
	}
	return all
}
