package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// maildir returns Dovecot's folder for a user's mailbox.
func (r *realMail) maildir(user string) string { return filepath.Join(r.dovecot.Dir, "mail", user) }

// copied replaces a maildir by a copy of another one, including the UIDs that Dovecot has given.
func (r *realMail) copied(from, to string) {
	r.t.Helper()
	if err := os.RemoveAll(to); err != nil {
		r.t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		r.t.Fatalf("%v: %s", err, out)
	}
}

// Two customers and their subjects: only one of each pair is in the mailbox at a time.
var (
	firstThere = []string{"Printer", "Password", "Screen"}
	laterThere = []string{"Invoice", "Contract", "Delivery"}
)

// arrive delivers a letter for each subject, with files of the same name and size. The letters must get the UIDs from
// number on.
func (r *realMail) arrive(from string, number imap.UID, subjects ...string) {
	r.t.Helper()
	for i, subject := range subjects {
		id := strings.ToLower(subject) + "@" + from
		uid := r.appendFrom("Someone <someone@"+from+">", id, subject,
			strings.Replace(withFile, "offline", "of "+subject, 1), mixed)
		if want := number + imap.UID(i); uid != want {
			r.t.Fatalf("%s has the number %d, want %d: the sample is none", subject, uid, want)
		}
	}
}

// own checks that each subject has one task, and that each task has only files of its own letter.
func (r *realMail) own(subjects ...string) {
	r.t.Helper()
	found := map[string]int{}
	for _, task := range r.portal.Tasks() {
		found[task.Title]++
		for _, f := range task.Files {
			if text := string(f.Content); strings.HasPrefix(text, "of ") && text != "of "+task.Title {
				r.t.Errorf("the task %q has the file %q", task.Title, f.Content)
			}
		}
	}
	for _, subject := range subjects {
		if found[subject] != 1 {
			r.t.Errorf("%d tasks of %s", found[subject], subject)
		}
	}
	if len(found) != len(subjects) {
		r.t.Errorf("%d subjects, want %d:\n%s", len(found), len(subjects), r.tasks())
	}
}

// settle runs passes until nothing is left to do.
func (r *realMail) settle() {
	r.t.Helper()
	for range 12 {
		if status, _, _ := r.run("poll"); status == exit.Done {
			return
		}
		r.clock.Advance(3 * time.Minute)
	}
	r.t.Fatalf("something waits for ever:\n%s", r.tasks())
}

// withoutUploads makes the portal refuse files until the returned function is called.
func (r *realMail) withoutUploads() (again func()) {
	r.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if strings.HasPrefix(c.Method, "disk.") || c.Method == "upload" {
			return sandbox.Fault{Kind: sandbox.ServerError}
		}
		return sandbox.Fault{}
	})
	return func() { r.portal.Inject(nil) }
}

// restorations replace letters by other letters with the same UIDs.
var restorations = map[string]func(r *realMail) (number imap.UID, restore func()){
	"from a backup": func(r *realMail) (imap.UID, func()) {
		r.arrive("first.example", 1, "Old")
		r.must(exit.Done, "poll")
		backup := r.maildir("backup")
		r.copied(r.maildir(r.user), backup)
		return 2, func() { r.copied(backup, r.maildir(r.user)) }
	},
	"another account": func(r *realMail) (imap.UID, func()) {
		r.unseen() // the first log-in creates the folder
		r.copied(r.maildir(r.user), r.maildir("office"))
		return 1, func() {
			file := filepath.Join(r.dir, "helpdesk.yaml")
			text, err := os.ReadFile(file)
			if err != nil {
				r.t.Fatal(err)
			}
			r.user = "office"
			moved := strings.Replace(string(text), "user: support", "user: office", 1)
			if err := os.WriteFile(file, []byte(moved), 0o600); err != nil {
				r.t.Fatal(err)
			}
		}
	},
}

// After the restoration of a real mail server, or for another account there, letters with known UIDs are read as new,
// and a task that waits for its file gets no file of another customer.
func TestARealMailServerRestored(t *testing.T) {
	t.Parallel()
	cert, chain, err := mail.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	for name, prepare := range restorations {
		for _, card := range cards {
			t.Run(name+", "+card.name, func(t *testing.T) {
				t.Parallel()
				r := newRealMailbox(t, card.o, cert, chain, "")
				number, restore := prepare(r)
				r.arrive("first.example", number, firstThere[:2]...)
				r.must(exit.Done, "poll")
				again := r.withoutUploads()
				r.arrive("first.example", number+2, firstThere[2])
				r.must(exit.Temporary, "poll")
				restore()
				r.arrive("second.example", number, laterThere...)
				again()
				r.settle()
				want := append(append([]string{}, firstThere...), laterThere...)
				if number > 1 {
					want = append(want, "Old")
				}
				r.own(want...)
				r.named(firstThere[2])
				if n := r.unseen(); n != 0 {
					t.Errorf("%d letters are unread", n)
				}
				r.must(exit.Done, "verify")
			})
		}
	}
}

// named checks that the task of the lost file names that file, and that the other tasks have their files.
func (r *realMail) named(lost string) {
	r.t.Helper()
	for _, task := range r.portal.Tasks() {
		missing := task.Title == lost
		if has := len(task.Files) > 0; has == missing || missing && !strings.Contains(task.Description, "log.txt") {
			r.t.Errorf("%s, whose file is gone: %t:\n%s", task.Title, missing, r.tasks())
		}
	}
}
