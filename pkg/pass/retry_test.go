package pass_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// quarantined returns a world whose only message is in the quarantine.
func quarantined(t *testing.T, raw []byte) *world {
	t.Helper()
	w := newWorld(t, sandbox.PortalOptions{})
	w.breakTexts = func(t outbox.Texts) outbox.Texts { return failingTexts{t, false} }
	w.arrive(raw)
	for range w.quarantineAfter {
		w.clock.Advance(time.Hour)
		w.poll()
	}
	w.quiet()
	if n := len(w.quarantined()); n != 1 {
		t.Fatalf("%d messages in the quarantine", n)
	}
	return w
}

// readmit releases everything from the quarantine, as a person does.
func (w *world) readmit() {
	w.t.Helper()
	all := w.quarantined()
	_, s := w.open(store.Options{})
	for _, q := range all {
		w.check(s.Quarantine.Again(q.Seq))
	}
	w.check(s.Close())
	w.clock.Advance(time.Minute)
}

func TestWhatFailsAgainStaysInTheQuarantine(t *testing.T) {
	t.Parallel()
	w := quarantined(t, letter("2@a.example", "poison@a.example", "Second", "two"))
	before := w.quarantined()[0]
	for i := range 3 {
		w.readmit()
		r, _ := w.poll()
		if left, _ := r.Left(); left != pass.Held || r.Quarantine != 1 {
			t.Errorf("retry %d: %+v", i+1, r)
		}
		all := w.quarantined()
		if len(all) != 1 || all[0].Seq != before.Seq || all[0].Again || !all[0].Whole {
			t.Fatalf("after retry %d: %+v", i+1, all)
		}
	}
	w.quiet()
	if n := len(w.portal.Tasks()); n != 1 {
		t.Errorf("%d tasks tell of one message", n)
	}
	w.breakTexts = nil
	w.readmit()
	w.quiet()
	tasks := w.portal.Tasks()
	if len(tasks) != 2 || tasks[1].Title != "Second" || len(w.quarantined()) != 0 {
		t.Fatalf("when it is mended: %+v", tasks)
	}
	if !strings.Contains(tasks[1].Description, morning.Format("02.01.2006 15:04")) {
		t.Errorf("it does not say when the letter arrived:\n%s", tasks[1].Description)
	}
}

// The files come from the quarantine, because the message may no longer be in its mailbox.
func TestARetryHasTheFilesOfItsMessage(t *testing.T) {
	t.Parallel()
	w := quarantined(t, withFile("2@a.example", "poison@a.example", "Second", "two", "contract.txt", "signed"))
	w.check(w.imap.Remove("INBOX", 1))
	w.breakTexts = nil
	w.readmit()
	w.portal.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.BadGateway} })
	for range 2 {
		w.poll()
		if all := w.quarantined(); len(all) != 1 || !all[0].Again {
			t.Fatalf("before its task is made: quarantine %+v", all)
		}
	}
	w.portal.Inject(nil)
	w.quiet()
	tasks := w.portal.Tasks()
	if len(tasks) != 2 || len(tasks[1].Files) != 1 || string(tasks[1].Files[0].Content) != "signed" {
		t.Errorf("its task: %+v", tasks)
	}
	if n := len(w.quarantined()); n != 0 {
		t.Errorf("%d messages in the quarantine when its task is made", n)
	}
}

func TestWhatItsMailboxDoesNotGiveIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.arrive(letter("1@a.example", "first@a.example", "First", "one"))
	w.arrive(letter("2@a.example", "second@a.example", "Second", "two"))
	mend := w.unreadable("2")
	for range w.quarantineAfter {
		w.poll()
	}
	w.quiet()
	for range 2 { // the first retry fails again
		if all := w.quarantined(); len(all) != 1 || all[0].Whole || all[0].Again || w.imap.Messages("INBOX")[1].Seen {
			t.Fatalf("quarantine: %+v", all)
		}
		if n := len(w.portal.Tasks()); n != 2 {
			t.Fatalf("%d tasks, one of them to tell of the other message", n)
		}
		w.readmit()
		for range w.quarantineAfter {
			w.poll()
		}
	}
	mend()
	w.readmit()
	w.quiet()
	tasks := w.portal.Tasks()
	if len(tasks) != 3 || tasks[2].Title != "Second" || len(w.quarantined()) != 0 || !w.imap.Messages("INBOX")[1].Seen {
		t.Errorf("when it is mended: %+v, quarantine %+v", tasks, w.quarantined())
	}
}

// unreadable makes the server fail for these sets of messages, except for listing them, until mend is called.
func (w *world) unreadable(sets ...string) (mend func()) {
	listing := false
	w.imap.Inject(func(c, arg string) error {
		switch {
		case strings.HasSuffix(c, "SEARCH"):
			listing = true
		case strings.HasSuffix(c, "FETCH") && listing:
			listing = false
		case strings.HasSuffix(c, "FETCH") && slices.ContainsFunc(sets, func(s string) bool {
			return strings.Contains(arg, s)
		}):
			return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "I/O error"}
		}
		return nil
	})
	return func() { w.imap.Inject(nil) }
}

func TestDryRunShowsWhatIsToBeRetried(t *testing.T) {
	t.Parallel()
	w := quarantined(t, letter("2@a.example", "poison@a.example", "Second", "two"))
	w.breakTexts = nil
	w.readmit()
	w.arrive(letter("3@a.example", "poison@a.example", "Re: Second", "three", "In-Reply-To: <2@a.example>"))
	tasks := len(w.portal.Tasks())
	before, err := os.ReadFile(w.state)
	w.check(err)
	p, s := w.open(store.Options{Overlay: true})
	p.Lines = true
	r, err := preview(p, t.Context())
	w.check(err)
	w.check(s.Close())
	if len(r.Decided) != 2 || r.Decided[0].Verdict != desk.Task || r.Decided[0].Subject != "Second" ||
		r.Decided[1].Verdict != desk.Commented {
		t.Errorf("the dry run says: %+v", r.Decided)
	}
	after, err := os.ReadFile(w.state)
	w.check(err)
	if !bytes.Equal(before, after) || len(w.portal.Tasks()) != tasks {
		t.Error("the dry run touched something")
	}
}

// A pass is not complete as long as an effect waits for a retry, even if the pass itself has nothing to do.
func TestWhatWaitsIsNotDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.unwelcome("slow", &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"})
	w.arrive(letter("1@slow.example", "ivan@slow.example", "Printer", "please"))
	w.poll()
	for _, pass := range []func() (*pass.Report, string){w.poll, w.notify} {
		if r, _ := pass(); r.Waiting != 1 || len(r.Problems) > 0 {
			t.Errorf("%s: %d wait, problems %v", r.Kind, r.Waiting, r.Problems)
		}
	}
	w.unwelcome("nobody", nil)
	w.clock.Advance(time.Hour)
	w.poll()
	if r, _ := w.poll(); r.Waiting != 0 {
		t.Errorf("%d wait when all is done", r.Waiting)
	}
}

// A retry planned while the clock was ahead is due when the clock has been corrected.
func TestARetryPlannedByAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{48 * time.Hour, 10 * 365 * 24 * time.Hour} {
		w := newWorld(t, sandbox.PortalOptions{})
		w.policy.MaxAge = 0
		w.maxAge = 0
		w.unwelcome("slow", &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"})
		w.clock.Advance(ahead)
		w.arrive(letter("1@slow.example", "ivan@slow.example", "Printer", "please"))
		w.poll()
		w.clock.Advance(-ahead)
		w.unwelcome("nobody", nil)
		w.clock.Advance(time.Minute)
		w.poll()
		if n := len(w.smtp.Letters()); n != 1 {
			t.Errorf("%v ahead: %d letters", ahead, n)
		}
	}
}

// What could not even be attempted, for a file that the portal did not take, waits as well.
func TestWhatWasNotAttemptedWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "disk.folder.uploadfile" {
			return sandbox.Fault{Kind: sandbox.ServerError}
		}
		return sandbox.Fault{}
	})
	w.arrive(withFile("1@romashka.example", "ivan@romashka.example", "Printer", "see", "log.txt", "offline"))
	for i, pass := range []func() (*pass.Report, string){w.poll, w.poll, w.notify} {
		r, _ := pass()
		if left, _ := r.Left(); r.Waiting != 1 || left == 0 {
			t.Errorf("pass %d, %s: %d wait", i+1, r.Kind, r.Waiting)
		}
	}
	w.portal.Inject(nil)
	w.quiet()
	if r, _ := w.poll(); r.Waiting != 0 || len(w.portal.Tasks()) != 1 {
		t.Errorf("%d wait when all is done", r.Waiting)
	}
}
