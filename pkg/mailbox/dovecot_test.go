package mailbox

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
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// dovecot is started once for all tests; each test is a user of its own.
var dovecot struct {
	once  sync.Once
	bin   string
	why   string // there is none
	s     testServer
	err   error
	stop  func()
	users atomic.Int32
}

func TestMain(m *testing.M) {
	status := m.Run()
	if dovecot.stop != nil {
		dovecot.stop()
	}
	os.Exit(status)
}

// dovecotServer returns a Dovecot of the tests' own, or skips the test where there is none.
func dovecotServer(t *testing.T) *testServer {
	t.Helper()
	dovecot.once.Do(func() {
		if dovecot.bin, dovecot.why = dovecotBinary(); dovecot.why == "" {
			dovecot.err = startDovecot(t)
		}
	})
	switch {
	case dovecot.why != "" && os.Getenv("HELPDESK_REQUIRE_SERVERS") == "1":
		t.Fatal(dovecot.why)
	case dovecot.why != "":
		t.Skip(dovecot.why)
	case dovecot.err != nil:
		t.Fatal(dovecot.err)
	}
	s := dovecot.s
	s.user = fmt.Sprintf("user%d", dovecot.users.Add(1))
	return &s
}

func startDovecot(t *testing.T) error {
	dir, err := os.MkdirTemp("", "dc") // short: the paths of its sockets are bounded
	if err != nil {
		return err
	}
	dovecot.stop = func() { os.RemoveAll(dir) }
	cert, key := pemPair(t, "127.0.0.1")
	plain, secure := freePort(t), freePort(t)
	write(t, filepath.Join(dir, "cert.pem"), cert)
	write(t, filepath.Join(dir, "key.pem"), key)
	write(t, filepath.Join(dir, "dovecot.conf"), []byte(dovecotConfig(t, dir, plain, secure)))
	run := exec.Command(dovecot.bin, "-F", "-c", filepath.Join(dir, "dovecot.conf"))
	if err := run.Start(); err != nil {
		return err
	}
	dovecot.stop = func() {
		run.Process.Signal(syscall.SIGTERM)
		run.Wait()
		os.RemoveAll(dir)
	}
	dovecot.s = testServer{name: "dovecot", addr: at(plain), start: at(plain), tls: at(secure), ca: cert}
	return awaitGreeting(at(plain), filepath.Join(dir, "log"))
}

func dovecotBinary() (path, why string) {
	for _, bin := range []string{"dovecot", "/usr/sbin/dovecot"} {
		path, err := exec.LookPath(bin)
		if err != nil {
			continue
		}
		out, err := exec.Command(path, "--version").Output()
		if !strings.HasPrefix(string(out), "2.3.") {
			return "", fmt.Sprintf("dovecot is %q (%v); the tests know how to configure 2.3", out, err)
		}
		return path, ""
	}
	return "", "no dovecot on this machine (package dovecot-imapd)"
}

func dovecotConfig(t *testing.T, dir string, plain, secure int) string {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	owner := me
	if me.Uid == "0" { // it serves no mail as root
		if owner, err = user.Lookup("nobody"); err != nil {
			t.Skip(err)
		}
	}
	group, err := user.LookupGroupId(owner.Gid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "mail"), 0o700); err != nil {
		t.Fatal(err)
	}
	if me.Uid == "0" {
		if out, err := exec.Command("chown", owner.Uid+":"+owner.Gid, filepath.Join(dir, "mail")).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("DIR", dir, "OWNER", owner.Username, "GROUP", group.Name, "UIDNUM", owner.Uid, "GIDNUM", owner.Gid,
		"PLAIN", fmt.Sprint(plain), "SECURE", fmt.Sprint(secure), "PASSWORD", testPassword).Replace(`
base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login
default_internal_user = OWNER
default_internal_group = GROUP
default_login_user = OWNER
first_valid_uid = 1
mail_location = maildir:~/Maildir
passdb {
  driver = static
  args = password=PASSWORD
}
userdb {
  driver = static
  args = uid=UIDNUM gid=GIDNUM home=DIR/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Done {
    auto = create
  }
  mailbox Posted {
    auto = create
    special_use = \Sent
  }
}
service anvil {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = PLAIN
  }
  inet_listener imaps {
    port = SECURE
    ssl = yes
  }
}
`)
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func at(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

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
