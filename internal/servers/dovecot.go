package servers

import (
	"crypto/tls"
	_ "embed" // of the configuration
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Dovecot is a running IMAP server. Whoever knows the password is a user, and the mailbox is made at the first login.
type Dovecot struct {
	Dir      string // mail of a user: mail/USER/Maildir
	Addr     string // host:port without TLS, or with STARTTLS
	Secure   string // host:port with implicit TLS; "" without a certificate
	uid, gid int    // whom the mail belongs to
	run      *exec.Cmd
}

// The configuration, with names in capitals for what differs.
var (
	//go:embed dovecot.conf
	dovecotConf string
	//go:embed dovecot-tls.conf
	dovecotTLSConf string
)

// StartDovecot starts a server for all who know the password. A certificate adds TLS, and more is added to the
// configuration. The error is Lacking where the machine has no Dovecot that we know how to configure.
func StartDovecot(password string, cert *tls.Certificate, more string) (*Dovecot, error) {
	binary, err := findDovecot()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dc") // short: the paths of its sockets are bounded
	if err != nil {
		return nil, err
	}
	d := &Dovecot{Dir: dir}
	if err := d.start(binary, password, cert, more); err != nil {
		d.Stop()
		return nil, fmt.Errorf("start dovecot: %w", err)
	}
	return d, nil
}

func findDovecot() (string, error) {
	binary, err := Find("dovecot", "package dovecot-imapd")
	if err != nil {
		return "", err
	}
	if out, err := exec.Command(binary, "--version").Output(); !strings.HasPrefix(string(out), "2.3.") {
		return "", Lacking(fmt.Sprintf("dovecot is %q (%v); we know how to configure 2.3", out, err))
	}
	return binary, nil
}

func (d *Dovecot) start(binary, password string, cert *tls.Certificate, more string) error {
	owner, group, err := d.owner()
	if err != nil {
		return err
	}
	if err := os.Chmod(d.Dir, 0o755); err != nil {
		return err
	}
	if _, err := d.Folder("mail"); err != nil {
		return err
	}
	plain, err := FreePort()
	if err != nil {
		return err
	}
	secure, err := FreePort()
	if err != nil {
		return err
	}
	d.Addr = at(plain)
	conf := dovecotConf
	if cert != nil {
		d.Secure = at(secure)
		conf += dovecotTLSConf
		if err := writeCertificate(d.Dir, *cert); err != nil {
			return err
		}
	}
	conf = strings.NewReplacer("DIR", d.Dir, "OWNER", owner, "GROUP", group, "UIDNUM", strconv.Itoa(d.uid), "GIDNUM",
		strconv.Itoa(d.gid),
		"PLAIN", strconv.Itoa(plain), "SECURE", strconv.Itoa(secure), "PASSWORD", password).Replace(conf) + more
	file := filepath.Join(d.Dir, "dovecot.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return err
	}
	d.run = exec.Command(binary, "-F", "-c", file)
	if err := d.run.Start(); err != nil {
		return err
	}
	if d.Secure != "" {
		return await(d.Secure, true, filepath.Join(d.Dir, "log"))
	}
	return await(d.Addr, false, filepath.Join(d.Dir, "log"))
}

// owner is whom the mail belongs to: Dovecot serves none as root.
func (d *Dovecot) owner() (name, group string, err error) {
	me, err := user.Current()
	if err != nil {
		return "", "", err
	}
	if me.Uid == "0" {
		if me, err = user.Lookup("nobody"); err != nil {
			return "", "", Lacking(err.Error())
		}
	}
	g, err := user.LookupGroupId(me.Gid)
	if err != nil {
		return "", "", err
	}
	if d.uid, err = strconv.Atoi(me.Uid); err == nil {
		d.gid, err = strconv.Atoi(me.Gid)
	}
	return me.Username, g.Name, err
}

// Folder makes a folder below Dir that belongs to whom the mail does, and returns its path.
func (d *Dovecot) Folder(name string) (string, error) {
	return filepath.Join(d.Dir, name), folder(d.Dir, name, 0o700, d.uid, d.gid)
}

// Own hands a file over to whom the mail belongs to.
func (d *Dovecot) Own(path string) error { return os.Chown(path, d.uid, d.gid) }

// Stop ends the server and removes its mail.
func (d *Dovecot) Stop() {
	if d.run != nil && d.run.Process != nil {
		_ = d.run.Process.Signal(syscall.SIGTERM)
		_ = d.run.Wait()
	}
	_ = os.RemoveAll(d.Dir)
}
