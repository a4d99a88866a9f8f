package crowd

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	post "net/smtp"
	"net/url"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// TestMistakes checks that duplicates and omissions are found.
func TestMistakes(t *testing.T) {
	p := sandbox.NewPortal(sandbox.PortalOptions{})
	imap, err := mail.NewIMAP(mail.IMAPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	smtp, err := mail.NewSMTP(mail.SMTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = p.Close(), imap.Close(), smtp.Close() })
	c := &Crowd{Portal: p, IMAP: imap, SMTP: smtp, Rnd: rand.New(rand.NewPCG(1, 1)), Now: time.Now}
	webhook, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	if found := c.Mistakes(); len(found) != 0 {
		t.Errorf("before anything: %q", found)
	}
	if _, err := c.Happen(); err != nil {
		t.Fatal(err)
	}
	expect := func(want ...string) {
		t.Helper()
		if found := c.Mistakes(); strings.Join(found, "; ") != strings.Join(want, "; ") {
			t.Errorf("got %q, want %q", found, want)
		}
	}
	expect("letter 1 of 1 has made 0 tasks and comments", "0 tasks of 1 requests")
	answer, err := http.PostForm(webhook+"tasks.task.add", url.Values{
		"fields[TITLE]":          {"Request"},
		"fields[DESCRIPTION]":    {"Body L1L"},
		"fields[RESPONSIBLE_ID]": {"7"},
	})
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(err, answer)
	}
	_ = answer.Body.Close()
	task := p.Tasks()[0].ID
	expect()
	p.Say(task, 17, "Body L1L")
	expect("letter 1 of 1 has made 2 tasks and comments")
	c = &Crowd{Portal: p, SMTP: smtp, Said: 1, firsts: []string{""}}
	expect("comment 1 of 1 went out under 0 Message-IDs")
	send := func(id, header string) {
		t.Helper()
		raw := fmt.Sprintf("From: a@b.example\r\nMessage-ID: <%s>\r\n%s\r\nanswer C1C\r\n", id, header)
		if err := post.SendMail(smtp.Addr(), nil, "a@b.example", []string{"someone@customer1.example"},
			[]byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	send("1@x", "")
	send("1@x", "")
	expect()
	send("2@x", "")
	send("3@x", "Auto-Submitted: auto-replied\r\n")
	expect("comment 1 of 1 went out under 2 Message-IDs")
	send("3@x", "Auto-Submitted: auto-replied\r\n")
	expect("comment 1 of 1 went out under 2 Message-IDs", "someone@customer1.example got 2 auto-replies")
}
