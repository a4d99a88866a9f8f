package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	sandboxmail "helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// drivenWithCopies returns a drive that copies its letters into a folder.
func drivenWithCopies(t *testing.T, folder string) *drive {
	d := newDrive(t, sandbox.PortalOptions{}, "")
	path := filepath.Join(d.dir, "helpdesk.yaml")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), "smtp: {", "smtp: {save_sent: "+folder+", ", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// polled delivers letters and runs a pass, which must succeed. It returns the number of printed lines about failed
// copies.
func (d *drive) polled(n int) int {
	d.t.Helper()
	d.clock.Advance(time.Second) // gives the letters new ids
	for i := range n {
		at := d.clock.Now().UnixNano()
		d.letter(fmt.Sprintf("%d.%d@b.example", i, at), fmt.Sprintf("n%d-%d@b.example", i, at),
			fmt.Sprintf("Printer %d %d", i, at), "It does not print.")
	}
	status, _, errs := d.run("poll")
	errs = regexp.MustCompile(`(?m)^helpdesk: notify: .*\n`).ReplaceAllString(errs, "") // notify never runs here
	if status != 0 || strings.Count(errs, "\n") != strings.Count(errs, "copies of letters of support") {
		d.t.Fatalf("status %d\n%s", status, errs)
	}
	return strings.Count(errs, ": save letter")
}

// A missing folder is reported once an hour, not for every letter; check always reports it.
func TestCopiesIntoAFolderThatIsNotThere(t *testing.T) {
	t.Parallel()
	d := drivenWithCopies(t, "Copies")
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {time.Minute, 0}, {20 * time.Minute, 0}, {40 * time.Minute, 1}, {59 * time.Minute, 0}} {
		d.clock.Advance(c.after)
		if got := d.polled(3); got != c.want {
			t.Errorf("after %v: %d warnings, want %d", c.after, got, c.want)
		}
	}
	if out := d.must(2, "check"); !strings.Contains(out, "no folder Copies") {
		t.Error(out)
	}
	if got := len(d.smtp.Letters()); got != 15 {
		t.Errorf("%d letters went out", got)
	}

	// Once the folder exists all copies are made, and a later trouble is reported again.
	if err := d.imap.CreateFolder("Copies", ""); err != nil {
		t.Fatal(err)
	}
	if got := d.polled(2); got != 0 || len(d.imap.Messages("Copies")) != 17 {
		t.Errorf("mended: %d warnings, %d copies", got, len(d.imap.Messages("Copies")))
	}
	if err := d.imap.DeleteFolder("Copies"); err != nil {
		t.Fatal(err)
	}
	if got := d.polled(2); got != 1 {
		t.Errorf("gone again: %d warnings", got)
	}
}

// A temporary failure is reported when it begins. Each letter's copy is tried, and the next pass tries the refused ones
// again. When the folder accepts copies again, none is missing.
func TestCopiesThatAreRefused(t *testing.T) {
	t.Parallel()
	d := drivenWithCopies(t, "Copies")
	if err := d.imap.CreateFolder("Copies", ""); err != nil {
		t.Fatal(err)
	}
	refused := 0
	d.imap.Inject(func(command, _ string) error {
		if command != "APPEND" {
			return nil
		}
		refused++
		return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeOverQuota, Text: "quota exceeded"}
	})
	for pass := 1; pass <= 2; pass++ {
		d.clock.Advance(time.Minute)
		if got := d.polled(3); got != []int{0, 1, 0}[pass] || refused != []int{0, 3, 9}[pass] {
			t.Errorf("pass %d: %d warnings, %d refused so far", pass, got, refused)
		}
	}
	d.imap.Inject(nil)
	d.clock.Advance(time.Minute)
	if got := d.polled(1); got != 0 || len(d.imap.Messages("Copies")) != 7 {
		t.Errorf("%d warnings, %d copies of 7 letters", got, len(d.imap.Messages("Copies")))
	}
	d.clock.Advance(time.Minute)
	if d.polled(0); len(d.imap.Messages("Copies")) != 7 {
		t.Errorf("then %d copies", len(d.imap.Messages("Copies")))
	}
}

// One connection saves the copies of a pass. The next pass makes those that are left.
func TestCopiesTakeOneConnection(t *testing.T) {
	t.Parallel()
	d := drivenWithCopies(t, "Copies")
	if err := d.imap.CreateFolder("Copies", ""); err != nil {
		t.Fatal(err)
	}
	d.imap.ResetCounts()
	if d.polled(10); d.imap.Commands()["LOGIN"] != 2 { // one to read, one to save
		t.Errorf("%d logins", d.imap.Commands()["LOGIN"])
	}
	if n := len(d.imap.Messages("Copies")); n != 10 {
		t.Errorf("%d copies", n)
	}
	appended := 0
	d.imap.Inject(func(command, _ string) error {
		if command == "APPEND" {
			if appended++; appended == 4 {
				return sandboxmail.ErrDrop
			}
		}
		return nil
	})
	d.clock.Advance(time.Minute)
	d.polled(10)
	d.imap.Inject(nil)
	d.clock.Advance(5 * time.Minute)
	d.polled(0)
	if n := len(d.imap.Messages("Copies")); n != 20 {
		t.Errorf("then %d copies", n)
	}
}
