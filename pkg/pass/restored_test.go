package pass_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/pass"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// restored puts an empty mail server in the place of the one there was: its folders count from one again.
func (w *world) restored() {
	w.t.Helper()
	was := w.imap.UIDValidity("INBOX")
	var err error
	w.check(w.imap.Close())
	if w.imap, err = mail.NewIMAP(mail.IMAPOptions{}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = w.imap.Close() })
	if w.imap.UIDValidity("INBOX") != was {
		w.t.Fatal("its UIDVALIDITY is another one, which tells")
	}
}

// verified returns what verify finds in the mailbox.
func (w *world) verified() []pass.Difference {
	w.t.Helper()
	p, s := w.open(store.Options{})
	defer s.Close()
	mb, err := p.Boxes[0].Open(w.t.Context(), true)
	w.check(err)
	defer mb.Close()
	_, ds, err := pass.VerifyMailbox(w.t.Context(), p.Boxes[0], mb.(pass.Folder), s.Ledger, time.Time{}, w.clock.Now())
	w.check(err)
	return ds
}

// TestARestoredMailServerCountsAnew: what lies at a known place is another letter by its size, by its date, or, where both
// are the same, because it is unread where the other one was marked.
func TestARestoredMailServerCountsAnew(t *testing.T) {
	for name, arrived := range map[string]time.Duration{"as they arrived": 0, "later": time.Hour} {
		for _, body := range []string{"It does not ring.", "It does not ring, and it never has done so, whatever I tried."} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, sandbox.PortalOptions{})
				for i := range 4 {
					w.arrive(letter(fmt.Sprintf("%d@a.example", i), fmt.Sprintf("a%d@a.example", i), "Phone", "It does not ring."))
				}
				w.quiet()
				w.restored()
				for i := range 4 {
					_, err := w.imap.Append("INBOX", letter(fmt.Sprintf("%d@b.example", i), fmt.Sprintf("b%d@b.example", i), "Phone", body), morning.Add(arrived))
					w.check(err)
				}
				if ds := w.verified(); len(ds) != 4 {
					t.Errorf("verify finds %d differences: %+v", len(ds), ds)
				}
				w.quiet()
				if n := len(w.portal.Tasks()); n != 8 {
					t.Errorf("%d tasks of 8 letters", n)
				}
				if ds := w.verified(); len(ds) != 0 {
					t.Errorf("then verify finds %+v", ds)
				}
			})
		}
	}
}

// TestTheSameLettersOnAnotherServer make nothing a second time, read or unread, in whatever order they were copied.
func TestTheSameLettersOnAnotherServer(t *testing.T) {
	w := newWorld(t, sandbox.PortalOptions{})
	var all [][]byte
	for i := range 4 {
		all = append(all, letter(fmt.Sprintf("%d@a.example", i), fmt.Sprintf("a%d@a.example", i), "Phone", strings.Repeat("ring ", i)))
		w.arrive(all[i])
	}
	w.quiet()
	w.restored()
	for i := range all {
		w.arrive(all[len(all)-1-i])
	}
	w.quiet()
	if n := len(w.portal.Tasks()); n != 4 {
		t.Errorf("%d tasks of 4 letters", n)
	}
	if _, auto := w.letters(); len(auto) != 4 {
		t.Errorf("%d auto-replies", len(auto))
	}
	for _, m := range w.imap.Messages("INBOX") {
		if !m.Seen {
			t.Errorf("letter %d is left unread", m.UID)
		}
	}
}

// TestALetterMarkedUnreadByAPerson makes no second task, however often.
func TestALetterMarkedUnreadByAPerson(t *testing.T) {
	w := newWorld(t, sandbox.PortalOptions{})
	uid := w.arrive(letter("1@a.example", "ivan@a.example", "Phone", "It does not ring."))
	w.quiet()
	for range 2 {
		w.check(w.imap.SetFlags("INBOX", []uint32{uid}))
		w.quiet()
		w.arrive(letter("2@a.example", "ivan@a.example", "Phone", "It does not ring, I say."))
		w.quiet()
	}
	if n := len(w.portal.Tasks()); n != 1 {
		t.Errorf("%d tasks", n)
	}
}

// TestAFileComesFromItsOwnLetter: while an upload waits the mail server is restored, and another customer's letter lies where
// the file should come from.
func TestAFileComesFromItsOwnLetter(t *testing.T) {
	for _, sameSize := range []bool{true, false} {
		w := newWorld(t, sandbox.PortalOptions{})
		back := w.portalAway()
		w.arrive(withFile("1@a.example", "ivan@a.example", "Printer", "It does not print.", "log.txt", "of Ivan"))
		w.poll()
		w.restored()
		secret := "of Olga"
		if !sameSize {
			secret = "of Olga, who would not like others to read it"
		}
		w.arrive(withFile("2@b.example", "olga@b.example", "Printer", "It does not print.", "log.txt", secret))
		back()
		w.quiet()
		tasks := w.portal.Tasks()
		if len(tasks) != 2 {
			t.Fatalf("%d tasks", len(tasks))
		}
		for _, task := range tasks {
			text := task.Description
			ivans := strings.Contains(text, "ivan@a.example")
			for _, f := range task.Files {
				if ivans {
					t.Errorf("on Ivan's task lies %s: %s", f.Name, f.Content)
				}
			}
			if ivans && !strings.Contains(text, "log.txt") {
				t.Errorf("Ivan's task does not name the file that is missing:\n%s", text)
			}
		}
	}
}
