package cmd

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/sandbox"
)

// TestRealMail is the round trip over a real IMAP server and a real relay, both with TLS: a request with a file, its
// auto-reply, a repeat contact, a specialist's comment, and the customer's answer to it.
func TestRealMail(t *testing.T) {
	for _, card := range cards {
		t.Run(card.name, func(t *testing.T) {
			r := newRealMail(t, card.o)
			r.append("1@customer.example", "Printer", withFile, mixed, "Cc: other@example.org")
			r.must(exitDone, "check")
			r.must(exitDone, "poll", "-n")
			if n := r.unseen(); n != 1 {
				t.Fatalf("%d unseen after a dry run, want 1", n)
			}
			r.must(exitDone, "poll")
			if tasks := r.portal.Tasks(); len(tasks) != 1 || tasks[0].Title != "Printer" || len(tasks[0].Files) != 1 {
				t.Fatalf("tasks: %s", r.tasks())
			}
			reply := r.delivered(1)[0]
			if reply.Header.Get("Auto-Submitted") != "auto-replied" || len(reply.To) != 1 || reply.To[0].Addr != "ivan@example.org" {
				t.Errorf("auto-reply to %v: %v", reply.To, reply.Header)
			}
			r.append("2@customer.example", "Re: Printer", "It blinks.", "In-Reply-To: <1@customer.example>")
			r.must(exitDone, "poll")
			task := r.portal.Tasks()[0]
			r.portal.Say(task.ID, 7, "Please [B]restart[/B] it.", sandbox.File{Name: "how.txt", Content: []byte("off, on")})
			r.clock.Advance(time.Minute)
			r.must(exitDone, "notify")
			answer := r.delivered(1)[0]
			if !strings.Contains(answer.Plain, "Please restart it.") || len(answer.InReplyTo) == 0 || answer.InReplyTo[0] != "2@customer.example" {
				t.Errorf("the answer: %s in reply to %v", answer.Plain, answer.InReplyTo)
			}
			r.append("3@customer.example", answer.Subject, "It works!", "In-Reply-To: <"+answer.ID+">")
			r.must(exitDone, "poll")
			for _, text := range []string{"It blinks.", "It works!"} {
				if _, comments := r.count("", text); comments != 1 {
					t.Errorf("%d comments say %q:\n%s", comments, text, r.tasks())
				}
			}
			if n := r.unseen(); n != 0 {
				t.Errorf("%d unseen at the end", n)
			}
			r.must(exitDone, "verify")
			r.delivered(0)
		})
	}
}

// realMail is a drive whose mail servers are Dovecot and Postfix.
type realMail struct {
	*drive
	imapAddr, box string
	roots         *x509.CertPool
}

func newRealMail(t *testing.T, o sandbox.PortalOptions) *realMail {
	t.Helper()
	dovecot, postfix := program(t, "dovecot", "package dovecot-imapd"), program(t, "postfix", "package postfix")
	if os.Getuid() != 0 {
		lacking(t, "a Postfix of one's own must be started by root")
	}
	dir, err := os.MkdirTemp("", "hd") // short: the paths of sockets are bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	r := &realMail{drive: newDrive(t, o, ""), box: filepath.Join(dir, "mail", "box", "new")}
	r.clock.Advance(time.Since(r.clock.Now())) // the servers have no other
	cert, chain, err := sandbox.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	r.roots = x509.NewCertPool()
	r.roots.AppendCertsFromPEM(chain)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "cert.pem", string(chain))
	put(t, dir, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	r.imapAddr = startDovecot(t, dovecot, dir)
	smtpAddr := startPostfix(t, postfix, dir)
	if err := r.configure(r.imapAddr, smtpAddr, ""); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(r.dir, "helpdesk.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ca := "ca: " + filepath.Join(dir, "cert.pem")
	with := strings.Replace(string(text), "tls: none", "tls: implicit, "+ca, 1)
	put(t, r.dir, "helpdesk.yaml", strings.Replace(with, "tls: none", "tls: starttls, "+ca, 1))
	return r
}

func lacking(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("HELPDESK_REQUIRE_SERVERS") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func program(t *testing.T, name, from string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	lacking(t, "no "+name+" on this machine ("+from+")")
	return ""
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func port(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// folder makes a folder that belongs to a user.
func folder(t *testing.T, path string, owner *user.User) {
	t.Helper()
	err := os.MkdirAll(path, 0o755)
	if err == nil && owner != nil {
		var out []byte
		if out, err = exec.Command("chown", owner.Uid+":"+owner.Gid, path).CombinedOutput(); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func lookUp(t *testing.T, name string) *user.User {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		lacking(t, err.Error())
	}
	return u
}

func startDovecot(t *testing.T, binary, dir string) (addr string) {
	t.Helper()
	if out, _ := exec.Command(binary, "--version").Output(); !strings.HasPrefix(string(out), "2.3.") {
		lacking(t, fmt.Sprintf("dovecot is %q; the test knows how to configure 2.3", out))
	}
	nobody := lookUp(t, "nobody") // it serves no mail as root
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	folder(t, filepath.Join(dir, "home"), nobody)
	secure := port(t)
	group, err := user.LookupGroupId(nobody.Gid)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "dovecot.conf", strings.NewReplacer("DIR", dir, "PORT", fmt.Sprint(secure), "OWNERID", nobody.Uid, "GROUPID", nobody.Gid,
		"GROUP", group.Name, "PASSWORD", imapSecret).Replace(dovecotConf))
	run := exec.Command(binary, "-F", "-c", filepath.Join(dir, "dovecot.conf"))
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.Process.Signal(syscall.SIGTERM); _ = run.Wait() })
	addr = fmt.Sprintf("127.0.0.1:%d", secure)
	awaitGreeting(t, filepath.Join(dir, "dovecot.log"), func() (net.Conn, error) {
		return tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	})
	return addr
}

const dovecotConf = `base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
auth_mechanisms = plain login
default_internal_user = nobody
default_internal_group = GROUP
default_login_user = nobody
first_valid_uid = 1
mail_location = maildir:~/Maildir
passdb {
  driver = static
  args = password=PASSWORD
}
userdb {
  driver = static
  args = uid=OWNERID gid=GROUPID home=DIR/home/%u
}
namespace inbox {
  inbox = yes
  separator = /
}
service anvil {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = PORT
    ssl = yes
  }
}
`

func startPostfix(t *testing.T, binary, dir string) (addr string) {
	t.Helper()
	owner := lookUp(t, "postfix")
	for _, sub := range []string{"etc", "queue"} {
		folder(t, filepath.Join(dir, sub), nil)
	}
	for _, sub := range []string{"data", "mail"} {
		folder(t, filepath.Join(dir, sub), owner)
	}
	free := port(t)
	fill := strings.NewReplacer("DIR", dir, "PORT", fmt.Sprint(free), "OWNERID", owner.Uid)
	put(t, filepath.Join(dir, "etc"), "main.cf", fill.Replace(mainCF))
	put(t, filepath.Join(dir, "etc"), "master.cf", fill.Replace(masterCF))
	if out, err := exec.Command(binary, "-c", dir+"/etc", "start").CombinedOutput(); err != nil {
		t.Fatalf("start postfix: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command(binary, "-c", dir+"/etc", "stop").Run() })
	addr = fmt.Sprintf("127.0.0.1:%d", free)
	awaitGreeting(t, filepath.Join(dir, "postfix.log"), func() (net.Conn, error) { return net.Dial("tcp", addr) })
	return addr
}

const mainCF = `compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
maillog_file = DIR/postfix.log
maillog_file_prefixes = DIR
mail_owner = postfix
myhostname = mx.example.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
virtual_mailbox_limit = 0
virtual_mailbox_domains = example.org
virtual_mailbox_base = DIR/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:OWNERID
virtual_gid_maps = static:OWNERID
virtual_minimum_uid = 1
alias_maps =
local_recipient_maps =
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_tls_cert_file = DIR/cert.pem
smtpd_tls_key_file = DIR/key.pem
smtpd_tls_security_level = encrypt
`

const masterCF = `127.0.0.1:PORT inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - discard
relay unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// awaitGreeting waits until a server answers.
func awaitGreeting(t *testing.T, log string, dial func() (net.Conn, error)) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		c, err := dial()
		if err != nil {
			continue
		}
		line, _ := bufio.NewReader(c).ReadString('\n')
		_ = c.Close()
		if line != "" {
			return
		}
	}
	said, _ := os.ReadFile(log)
	t.Fatalf("no greeting; the log:\n%s", said)
}

// inbox is a mail program of one's own in the mailbox.
func (r *realMail) inbox(do func(c *imapclient.Client) error) {
	r.t.Helper()
	c, err := imapclient.DialTLS(r.imapAddr, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: r.roots, ServerName: "127.0.0.1"}})
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
}

func (r *realMail) append(id, subject, body string, header ...string) {
	r.t.Helper()
	fields := append([]string{"From: Ivan <ivan@example.org>", "To: support@helpdesk.example", "Subject: " + subject, "Message-ID: <" + id + ">",
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
		_, err := cmd.Wait()
		return err
	})
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

// delivered waits for that many letters, takes them out of the customer's mailbox, and holds that there are no others.
func (r *realMail) delivered(want int) (all []desk.Message) {
	r.t.Helper()
	var paths []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
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
