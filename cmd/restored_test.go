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
	"github.com/emersion/go-imap/v2/imapclient"

	"helpdesk/cmd/exit"
	"helpdesk/internal/servers"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// restored is a drive whose mailbox lies on a Dovecot, as Maildir files that an administrator can change.
type restored struct {
	*drive
	server *servers.Dovecot
}

func newRestored(t *testing.T) *restored {
	t.Helper()
	r := &restored{drive: newDrive(t, sandbox.PortalOptions{}, "")}
	r.clock.Advance(time.Since(r.clock.Now())) // the server has no other
	r.start()
	return r
}

// start starts a server with an empty mailbox and puts it into the settings.
func (r *restored) start() {
	r.t.Helper()
	s, err := servers.StartDovecot(imapSecret, nil, "")
	servers.Want(r.t, err)
	r.t.Cleanup(s.Stop)
	r.server = s
	if err := r.configure(s.Addr, r.smtp.Addr(), ""); err != nil {
		r.t.Fatal(err)
	}
}

func (r *restored) maildir() string { return filepath.Join(r.server.Dir, "mail", "support", "Maildir") }

func (r *restored) inbox(do func(c *imapclient.Client) error) {
	r.t.Helper()
	c, err := imapclient.DialInsecure(r.server.Addr, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login("support", imapSecret).Wait(); err != nil {
		r.t.Fatal(err)
	}
	if err := do(c); err != nil {
		r.t.Fatal(err)
	}
	_ = c.Logout().Wait()
}

// arrive brings letters of these numbers in; all have the same size and come in the same second, so that nothing but
// their Message-IDs and dates of arrival tells them apart.
func (r *restored) arrive(numbers ...int) {
	r.t.Helper()
	for _, n := range numbers {
		raw := strings.ReplaceAll(fmt.Sprintf("From: Ivan <ivan%d@c%d.example>\nTo: support@helpdesk.example\nSubject: Request %d\n"+
			"Message-ID: <%d@c.example>\nDate: %s\nMIME-Version: 1.0\n\nIt does not print.\n", n, n, n, n, time.Now().Format(time.RFC1123Z)), "\n", "\r\n")
		r.inbox(func(c *imapclient.Client) error {
			cmd := c.Append("INBOX", int64(len(raw)), nil)
			if _, err := cmd.Write([]byte(raw)); err != nil {
				return err
			}
			if err := cmd.Close(); err != nil {
				return err
			}
			_, err := cmd.Wait()
			return err
		})
	}
}

// files returns the files of the letters, in the order in which they came.
func (r *restored) files() []string {
	r.t.Helper()
	var all []string
	for _, sub := range []string{"cur", "new"} {
		found, err := filepath.Glob(filepath.Join(r.maildir(), sub, "*"))
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

// number returns which letter a file is.
func (r *restored) number(file string) (n int) {
	r.t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		r.t.Fatal(err)
	}
	m := regexp.MustCompile(`Message-ID: <(\d+)@`).FindSubmatch(raw)
	if _, err := fmt.Sscan(string(m[1]), &n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// numberAnew has UIDs begin with 1 again; the UIDVALIDITY stays where that is wanted.
func (r *restored) numberAnew(same bool) {
	r.t.Helper()
	list := filepath.Join(r.maildir(), "dovecot-uidlist")
	raw, err := os.ReadFile(list)
	if err != nil {
		r.t.Fatal(err)
	}
	indices, _ := filepath.Glob(filepath.Join(r.maildir(), "dovecot*"))
	for _, file := range indices {
		if err := os.RemoveAll(file); err != nil {
			r.t.Fatal(err)
		}
	}
	if !same {
		return
	}
	head, _, _ := strings.Cut(string(raw), "\n")
	head = regexp.MustCompile(` N\d+`).ReplaceAllString(head, " N1")
	if err := os.WriteFile(list, []byte(head+"\n"), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := r.server.Own(list); err != nil {
		r.t.Fatal(err)
	}
}

// lose removes letters, as a backup that is older than they are.
func (r *restored) lose(numbers ...int) {
	r.t.Helper()
	for _, file := range r.files() {
		for _, n := range numbers {
			if r.number(file) == n {
				if err := os.Remove(file); err != nil {
					r.t.Fatal(err)
				}
				break
			}
		}
	}
}

// unmark makes letters unread, as in a backup made before they were marked.
func (r *restored) unmark() {
	r.t.Helper()
	for _, file := range r.files() {
		if err := os.Rename(file, strings.TrimSuffix(file, "S")); err != nil {
			r.t.Fatal(err)
		}
	}
}

// move takes the mail to another server.
func (r *restored) move() {
	r.t.Helper()
	was := r.files()
	r.start()
	for _, sub := range []string{"", "Maildir", "Maildir/cur", "Maildir/new", "Maildir/tmp"} {
		if _, err := r.server.Folder(filepath.Join("mail", "support", sub)); err != nil {
			r.t.Fatal(err)
		}
	}
	for _, file := range was {
		raw, err := os.ReadFile(file)
		if err != nil {
			r.t.Fatal(err)
		}
		name, _, _ := strings.Cut(filepath.Base(file), ":")
		to := filepath.Join(r.maildir(), "new", name)
		if err := os.WriteFile(to, raw, 0o600); err != nil {
			r.t.Fatal(err)
		}
		if err := r.server.Own(to); err != nil {
			r.t.Fatal(err)
		}
	}
}

// uids returns the UIDs in the mailbox, and which of its letters nobody has read.
func (r *restored) uids() (all, unread []imap.UID) {
	r.t.Helper()
	r.inbox(func(c *imapclient.Client) error {
		if _, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
			return err
		}
		found, err := c.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
		if err != nil {
			return err
		}
		all = found.AllUIDs()
		found, err = c.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}, nil).Wait()
		if err == nil {
			unread = found.AllUIDs()
		}
		return err
	})
	return all, unread
}

// A mailbox that was restored from a backup, or moved, has UIDs that begin again: each new letter makes a task, no old
// one makes a second, and none is answered twice.
func TestARestoredMailbox(t *testing.T) {
	for name, c := range map[string]struct {
		restore func(r *restored)
		unread  bool // old letters are unread again
	}{
		"empty, the same UIDVALIDITY":         {func(r *restored) { r.lose(1, 2, 3); r.numberAnew(true) }, false},
		"empty, another UIDVALIDITY":          {func(r *restored) { r.lose(1, 2, 3); r.numberAnew(false) }, false},
		"an older one, the same UIDVALIDITY":  {func(r *restored) { r.lose(2, 3); r.numberAnew(true) }, false},
		"an older one, another UIDVALIDITY":   {func(r *restored) { r.lose(3); r.numberAnew(false) }, false},
		"unread again, the same UIDVALIDITY":  {func(r *restored) { r.lose(1); r.numberAnew(true); r.unmark() }, true},
		"unread again, another UIDVALIDITY":   {func(r *restored) { r.lose(1); r.numberAnew(false); r.unmark() }, true},
		"moved to another server, all is new": {func(r *restored) { r.move() }, true},
		"an empty mailbox on another server":  {func(r *restored) { r.start() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRestored(t)
			r.arrive(1, 2, 3)
			r.must(exit.Done, "poll")
			c.restore(r)
			r.arrive(4, 5, 6)
			all, unread := r.uids()
			if all[0] > 2 || (len(unread) > 3) != c.unread {
				t.Fatalf("UIDs %v, unread %v: nothing is tried here", all, unread)
			}
			for range 3 {
				r.clock.Advance(time.Minute)
				r.must(exit.Done, "poll")
			}
			if _, unread := r.uids(); len(unread) != 0 {
				t.Errorf("unread %v", unread)
			}
			titles := map[string]int{}
			for _, task := range r.portal.Tasks() {
				titles[task.Title]++
			}
			replies := map[string]int{}
			for _, l := range r.smtp.Letters() {
				replies[l.To[0]]++
			}
			for n := 1; n <= 6; n++ {
				if tasks, answers := titles[fmt.Sprintf("Request %d", n)], replies[fmt.Sprintf("ivan%d@c%d.example", n, n)]; tasks != 1 || answers != 1 {
					t.Errorf("letter %d: %d tasks, %d auto-replies", n, tasks, answers)
				}
			}
		})
	}
}
