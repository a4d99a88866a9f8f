package relay

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// postfix is started once for all tests.
var postfix struct {
	once sync.Once
	bin  string
	why  string // there is none
	dir  string
	addr string
	ca   []byte
	err  error
	stop func()
}

func TestMain(m *testing.M) {
	status := m.Run()
	if postfix.stop != nil {
		postfix.stop()
	}
	os.Exit(status)
}

// postfixServer returns a Postfix of the tests' own, or skips the test where there is none.
func postfixServer(t *testing.T) *testServer {
	t.Helper()
	postfix.once.Do(func() {
		if postfix.bin, postfix.why = postfixBinary(); postfix.why == "" {
			postfix.err = startPostfix(t)
		}
	})
	switch {
	case postfix.why != "" && os.Getenv("HELPDESK_REQUIRE_SERVERS") == "1":
		t.Fatal(postfix.why)
	case postfix.why != "":
		t.Skip(postfix.why)
	case postfix.err != nil:
		t.Fatal(postfix.err)
	}
	return &testServer{name: "postfix", addr: postfix.addr, ca: postfix.ca, letters: postfixLetters}
}

func postfixBinary() (path, why string) {
	if os.Getuid() != 0 {
		return "", "a Postfix of one's own must be started by root"
	}
	for _, bin := range []string{"postfix", "/usr/sbin/postfix"} {
		if path, err := exec.LookPath(bin); err == nil {
			return path, ""
		}
	}
	return "", "no postfix on this machine"
}

func startPostfix(t *testing.T) error {
	dir, err := os.MkdirTemp("", "pf")
	if err != nil {
		return err
	}
	postfix.dir = dir
	postfix.stop = func() { os.RemoveAll(dir) }
	owner, err := user.Lookup("postfix")
	if err != nil {
		return err
	}
	for _, sub := range []string{"", "etc", "queue", "data", "mail"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	if out, err := exec.Command("chown", owner.Uid, dir+"/data", dir+"/mail").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	port := freePort(t)
	cert, key := pemPair(t, "127.0.0.1")
	fill := strings.NewReplacer("DIR", dir, "PORT", fmt.Sprint(port), "OWNERID", owner.Uid)
	for name, content := range map[string]string{"main.cf": mainCF, "master.cf": masterCF, "refuse": refuseCF, "cert.pem": string(cert), "key.pem": string(key)} {
		if err := os.WriteFile(filepath.Join(dir, "etc", name), []byte(fill.Replace(content)), 0o644); err != nil {
			return err
		}
	}
	if out, err := exec.Command(postfix.bin, "-c", dir+"/etc", "start").CombinedOutput(); err != nil {
		return fmt.Errorf("start postfix: %w: %s", err, out)
	}
	postfix.stop = func() {
		exec.Command(postfix.bin, "-c", dir+"/etc", "stop").Run()
		os.RemoveAll(dir)
	}
	postfix.addr, postfix.ca = fmt.Sprintf("127.0.0.1:%d", port), cert
	return awaitGreeting(postfix.addr, dir+"/log")
}

const mainCF = `compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
maillog_file = DIR/log
maillog_file_prefixes = DIR
mail_owner = postfix
myhostname = mx.example.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
message_size_limit = 200000
virtual_mailbox_limit = 0
virtual_mailbox_domains = example.org, xn--80a1acny.xn--p1ai
virtual_mailbox_base = DIR/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:OWNERID
virtual_gid_maps = static:OWNERID
virtual_minimum_uid = 1
alias_maps =
local_recipient_maps =
smtpd_sender_restrictions = check_sender_access texthash:DIR/etc/refuse
smtpd_recipient_restrictions = check_recipient_access texthash:DIR/etc/refuse, permit_mynetworks, reject
smtpd_tls_cert_file = DIR/etc/cert.pem
smtpd_tls_key_file = DIR/etc/key.pem
smtpd_tls_security_level = may
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
smtpd_soft_error_limit = 1000
`

const refuseCF = `later@example.org 450 4.2.1 come back later
never@example.org 550 5.1.1 no such user
closing@example.org 421 4.3.2 closing
refused@example.ru 553 5.7.1 sender not owned by user
`

const masterCF = `127.0.0.1:PORT inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - discard
relay unix - - n - - discard
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// postfixLetters returns what was delivered so far, without the lines that Postfix put before it; it waits for at least
// min letters.
func postfixLetters(t *testing.T, min int) []taken {
	t.Helper()
	var all []taken
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		paths, err := filepath.Glob(filepath.Join(postfix.dir, "mail", "box", "new", "*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(paths) < min {
			continue
		}
		for _, path := range paths {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			os.Remove(path)
			all = append(all, delivered(string(raw)))
		}
		return all
	}
	log, _ := os.ReadFile(filepath.Join(postfix.dir, "log"))
	t.Fatalf("fewer than %d letters delivered; the log:\n%s", min, log)
	return nil
}

// delivered takes Postfix's own fields off a delivered letter.
func delivered(raw string) taken {
	var l taken
	for {
		line, rest, _ := strings.Cut(raw, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "Return-Path":
			l.from = strings.Trim(value, "<>")
		case "X-Original-To":
			l.to = append(l.to, value)
		case "Delivered-To", "Received":
		default:
			l.raw = strings.ReplaceAll(raw, "\n", "\r\n")
			return l
		}
		for strings.HasPrefix(rest, "\t") || strings.HasPrefix(rest, " ") {
			_, rest, _ = strings.Cut(rest, "\n")
		}
		raw = rest
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// awaitGreeting waits until a server answers.
func awaitGreeting(addr, log string) error {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			continue
		}
		line, _ := bufio.NewReader(c).ReadString('\n')
		c.Close()
		if line != "" {
			return nil
		}
	}
	said, _ := os.ReadFile(log)
	return fmt.Errorf("no greeting from %s; its log:\n%s", addr, said)
}
