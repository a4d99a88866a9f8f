package cmd

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helpdesk/cmd/exit"
	"helpdesk/internal/servers"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// TestRealMail plays the round trip over a real IMAP server and a real relay, both with TLS: a request with a file, its
// auto-reply, a repeat contact, a specialist's comment, and the customer's answer to it.
func TestRealMail(t *testing.T) {
	t.Parallel()
	for _, card := range cards {
		t.Run(card.name, func(t *testing.T) {
			t.Parallel()
			r := newRealMail(t, card.o)
			r.append("1@customer.example", "Printer", withFile, mixed, "Cc: other@example.org")
			r.must(exit.Done, "check")
			r.must(exit.Done, "poll", "-n")
			if n := r.unseen(); n != 1 {
				t.Fatalf("%d unseen after a dry run, want 1", n)
			}
			r.must(exit.Done, "poll")
			if tasks := r.portal.Tasks(); len(tasks) != 1 || tasks[0].Title != "Printer" || len(tasks[0].Files) != 1 {
				t.Fatalf("tasks: %s", r.tasks())
			}
			reply := r.delivered(1)[0]
			if reply.Header.Get("Auto-Submitted") != "auto-replied" || len(reply.To) != 1 ||
				reply.To[0].Addr != "ivan@example.org" {
				t.Errorf("auto-reply to %v: %v", reply.To, reply.Header)
			}
			r.append("2@customer.example", "Re: Printer", "It blinks.", "In-Reply-To: <1@customer.example>")
			r.must(exit.Done, "poll")
			task := r.portal.Tasks()[0]
			r.portal.Say(task.ID, 7, "Please [B]restart[/B] it.", sandbox.File{
				Name:    "how.txt",
				Content: []byte("off, on"),
			})
			r.clock.Advance(time.Minute)
			r.must(exit.Done, "notify")
			answer := r.delivered(1)[0]
			if !strings.Contains(answer.Plain, "Please restart it.") || len(answer.InReplyTo) == 0 ||
				answer.InReplyTo[0] != "2@customer.example" {
				t.Errorf("the answer: %s in reply to %v", answer.Plain, answer.InReplyTo)
			}
			r.append("3@customer.example", answer.Subject, "It works!", "In-Reply-To: <"+answer.ID+">")
			r.must(exit.Done, "poll")
			for _, text := range []string{"It blinks.", "It works!"} {
				if _, comments := r.count("", text); comments != 1 {
					t.Errorf("%d comments say %q:\n%s", comments, text, r.tasks())
				}
			}
			if n := r.unseen(); n != 0 {
				t.Errorf("%d unseen at the end", n)
			}
			r.must(exit.Done, "verify")
			r.delivered(0)
		})
	}
}

// realMail is a drive with Dovecot and Postfix as mail servers.
type realMail struct {
	*drive
	dovecot       *servers.Dovecot
	imapAddr, box string
	user          string // of the mailbox
	roots         *x509.CertPool
}

// newRealMail starts a real IMAP server and a real relay.
func newRealMail(t *testing.T, o sandbox.PortalOptions) *realMail {
	t.Helper()
	cert, chain, err := mail.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	postfix, err := servers.StartPostfix(cert, onlyEncrypted, nil)
	servers.Want(t, err)
	t.Cleanup(postfix.Stop)
	r := newRealMailbox(t, o, cert, chain, postfix.Addr)
	r.box = postfix.Box
	return r
}

// newRealMailbox starts a real IMAP server. The relay is at the address, or the sandbox's if it is "".
func newRealMailbox(t *testing.T, o sandbox.PortalOptions, cert tls.Certificate, chain []byte, relay string) *realMail {
	t.Helper()
	dovecot, err := servers.StartDovecot(imapSecret, &cert, onlyTLS)
	servers.Want(t, err)
	t.Cleanup(dovecot.Stop)
	r := &realMail{drive: newDrive(t, o, ""), dovecot: dovecot, imapAddr: dovecot.Secure, user: "support",
		roots: x509.NewCertPool()}
	r.clock.Advance(time.Since(r.clock.Now())) // real servers use the machine's clock
	r.roots.AppendCertsFromPEM(chain)
	if err := r.configure(dovecot.Secure, cmp.Or(relay, r.smtp.Addr()), ""); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(r.dir, "helpdesk.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(r.dir, "ca.pem")
	with := strings.Replace(string(text), "tls: none", "tls: implicit, ca: \""+ca+"\"", 1)
	if relay != "" {
		with = strings.Replace(with, "tls: none", "tls: starttls, ca: \""+ca+"\"", 1)
	}
	if err := errors.Join(os.WriteFile(ca, chain, 0o600), os.WriteFile(file, []byte(with), 0o600)); err != nil {
		t.Fatal(err)
	}
	return r
}

// Neither server works without TLS.
const (
	onlyTLS = `ssl = required
mail_fsync = never
service imap-login {
  inet_listener imap {
    port = 0
  }
}
`
	onlyEncrypted = `smtpd_tls_security_level = encrypt
smtpd_recipient_restrictions = permit_mynetworks, reject
`
)

// inbox runs do as a second mail program in the mailbox.
func (r *realMail) inbox(do func(c *imapclient.Client) error) {
	r.t.Helper()
	c, err := imapclient.DialTLS(r.imapAddr, &imapclient.Options{TLSConfig: &tls.Config{
		RootCAs:    r.roots,
		ServerName: "127.0.0.1",
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(r.user, imapSecret).Wait(); err != nil {
		r.t.Fatal(err)
	}
	if err := do(c); err != nil {
		r.t.Fatal(err)
	}
}

func (r *realMail) append(id, subject, body string, header ...string) {
	r.t.Helper()
	r.appendFrom("Ivan <ivan@example.org>", id, subject, body, header...)
}

// appendFrom returns the number that the server gives the letter.
func (r *realMail) appendFrom(from, id, subject, body string, header ...string) (uid imap.UID) {
	r.t.Helper()
	fields := append([]string{"From: " + from, "To: support@helpdesk.example", "Subject: " + subject,
		"Message-ID: <" + id + ">",
		"Date: " + time.Now().Format(time.RFC1123Z), "MIME-Version: 1.0"}, header...)
	raw := strings.ReplaceAll(strings.Join(fields, "\n")+"\n\n"+body+"\n", "\n", "\r\n")
	r.inbox(func(c *imapclient.Client) error {
		cmd := c.Append("INBOX", int64(len(raw)), nil)
		if _, err := cmd.Write([]byte(raw)); err != nil {
			return err
		}
		if err := cmd.Close(); err != nil {
			return err
		}
		data, err := cmd.Wait()
		if err == nil {
			uid = data.UID
		}
		return err
	})
	return uid
}

func (r *realMail) unseen() (n int) {
	r.t.Helper()
	r.inbox(func(c *imapclient.Client) error {
		if _, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
			return err
		}
		found, err := c.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}, nil).Wait()
		if err == nil {
			n = len(found.AllUIDs())
		}
		return err
	})
	return n
}

// delivered waits for that many letters, removes them from the customer's mailbox, and fails if there are more.
func (r *realMail) delivered(want int) (all []desk.Message) {
	r.t.Helper()
	var paths []string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if paths, _ = filepath.Glob(filepath.Join(r.box, "*")); len(paths) >= want {
			break
		}
	}
	if len(paths) != want {
		r.t.Fatalf("%d letters were delivered, want %d", len(paths), want)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			r.t.Fatal(err)
		}
		m, err := eml.Parse(bytes.NewReader(raw), desk.Listing{})
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}
