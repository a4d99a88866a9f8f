package main

import (
	"bufio"
	_ "embed" // of the configuration
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const password = "bench-password"

// errNoDovecot says that there is nothing to measure against.
var errNoDovecot = errors.New("no dovecot 2.3 on this machine (package dovecot-imapd)")

// dovecot is a server of our own. Each run gets a user of its own, whose mailbox is linked from one that was made once.
type dovecot struct {
	dir      string
	addr     string
	run      *exec.Cmd
	uid, gid int
	users    int
}

func startDovecot() (*dovecot, error) {
	bin, err := dovecotBinary()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dc") // short: the paths of its sockets are bounded
	if err != nil {
		return nil, err
	}
	d := &dovecot{dir: dir}
	if err := d.start(bin); err != nil {
		d.stop()
		return nil, fmt.Errorf("start dovecot: %w", err)
	}
	return d, nil
}

func dovecotBinary() (string, error) {
	for _, bin := range []string{"dovecot", "/usr/sbin/dovecot"} {
		path, err := exec.LookPath(bin)
		if err != nil {
			continue
		}
		if out, err := exec.Command(path, "--version").Output(); err == nil && strings.HasPrefix(string(out), "2.3.") {
			return path, nil
		}
	}
	return "", errNoDovecot
}

func (d *dovecot) start(bin string) error {
	owner, group, err := d.owner()
	if err != nil {
		return err
	}
	if err := os.Chmod(d.dir, 0o755); err != nil {
		return err
	}
	for _, sub := range []string{"mail", "masters"} {
		if err := d.mkdir(filepath.Join(d.dir, sub)); err != nil {
			return err
		}
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	conf := strings.NewReplacer("DIR", d.dir, "OWNER", owner, "GROUP", group, "UIDNUM", strconv.Itoa(d.uid), "GIDNUM", strconv.Itoa(d.gid),
		"PORT", strconv.Itoa(port), "PASSWORD", password).Replace(dovecotConf)
	file := filepath.Join(d.dir, "dovecot.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return err
	}
	d.run = exec.Command(bin, "-F", "-c", file)
	if err := d.run.Start(); err != nil {
		return err
	}
	d.addr = fmt.Sprintf("127.0.0.1:%d", port)
	return d.await()
}

// owner is whom the mail belongs to: Dovecot serves none as root.
func (d *dovecot) owner() (name, group string, err error) {
	me, err := user.Current()
	if err != nil {
		return "", "", err
	}
	if me.Uid == "0" {
		if me, err = user.Lookup("nobody"); err != nil {
			return "", "", err
		}
	}
	g, err := user.LookupGroupId(me.Gid)
	if err != nil {
		return "", "", err
	}
	d.uid, err = strconv.Atoi(me.Uid)
	if err == nil {
		d.gid, err = strconv.Atoi(me.Gid)
	}
	return me.Username, g.Name, err
}

func (d *dovecot) mkdir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return os.Chown(path, d.uid, d.gid)
}

func (d *dovecot) stop() {
	if d.run != nil && d.run.Process != nil {
		_ = d.run.Process.Signal(syscall.SIGTERM)
		_ = d.run.Wait()
	}
	_ = os.RemoveAll(d.dir)
}

// await waits for the greeting.
func (d *dovecot) await() error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", d.addr)
		if err != nil {
			continue
		}
		line, _ := bufio.NewReader(c).ReadString('\n')
		_ = c.Close()
		if line != "" {
			return nil
		}
	}
	said, _ := os.ReadFile(filepath.Join(d.dir, "log"))
	return fmt.Errorf("no greeting from %s; its log:\n%s", d.addr, said)
}

// master makes letters that many mailboxes can be linked from, and returns their folder and their bytes.
func (d *dovecot) master(name string, seed uint64, m mix) (folder string, size int64, err error) {
	folder = filepath.Join(d.dir, "masters", name)
	if err := d.mkdir(folder); err != nil {
		return "", 0, err
	}
	w := newWriter(seed, m, time.Now().Add(-time.Hour))
	for i := range m.count {
		raw := w.letter()
		size += int64(len(raw))
		file := filepath.Join(folder, fmt.Sprintf("%d.M%06d.bench,S=%d", time.Now().Unix(), i, len(raw)))
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			return "", 0, err
		}
		if err := os.Chown(file, d.uid, d.gid); err != nil {
			return "", 0, err
		}
	}
	return folder, size, nil
}

// mailbox makes a user with the letters of the folder in INBOX, and lets the server index them; seen marks them.
func (d *dovecot) mailbox(master string, seen bool) (user string, err error) {
	d.users++
	user = fmt.Sprintf("user%d", d.users)
	inbox := filepath.Join(d.dir, "mail", user, "Maildir")
	for _, sub := range []string{"..", ".", "cur", "new", "tmp"} {
		if err := d.mkdir(filepath.Join(inbox, sub)); err != nil {
			return "", err
		}
	}
	entries, err := os.ReadDir(master)
	if err != nil {
		return "", err
	}
	flags := ":2,"
	if seen {
		flags = ":2,S"
	}
	for _, e := range entries {
		if err := os.Link(filepath.Join(master, e.Name()), filepath.Join(inbox, "cur", e.Name()+flags)); err != nil {
			return "", err
		}
	}
	return user, nil
}

// forget removes a user's mailbox.
func (d *dovecot) forget(user string) { _ = os.RemoveAll(filepath.Join(d.dir, "mail", user)) }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// dovecotConf is the configuration, with names in capitals for what differs.
//
//go:embed dovecot.conf
var dovecotConf string
