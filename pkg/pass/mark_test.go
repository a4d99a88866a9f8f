package pass_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// If a folder refuses marks, later chunks and passes still take in new mail. The marks are set when the folder accepts
// them again.
func TestAFolderThatTakesNoMarksStillGivesItsMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	stores := 0
	w.imap.Inject(func(c, _ string) error {
		if !strings.HasSuffix(c, "STORE") {
			return nil
		}
		stores++
		return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "Over quota"}
	})
	want := 0
	for i, letters := range []int{101, 1} { // the first 50 should be marked before the last one is read
		for j := range letters {
			w.arrive(letter(fmt.Sprintf("%d.%d@a.example", i, j), fmt.Sprintf("a%d.%d@a%d.example", i, j, j),
				"Printer", "please"))
		}
		want += letters
		stores = 0
		r, _ := w.poll()
		if n := len(w.portal.Tasks()); n != want {
			t.Errorf("pass %d: %d tasks of %d letters", i, n, want)
		}
		if left, err := r.Left(); left != pass.Temporary || !strings.Contains(fmt.Sprint(err), "Over quota") ||
			stores != 1 {
			t.Errorf("pass %d: %v, %v after %d attempts", i, left, err, stores)
		}
	}
	w.imap.Inject(nil)
	w.quiet()
	for _, m := range w.imap.Messages("INBOX") {
		if !m.Seen {
			t.Errorf("message %d is never marked", m.UID)
		}
	}
}
