package servers

import (
	"crypto/tls"
	_ "embed" // for the configuration
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Dovecot is a running IMAP server. It accepts any user with the right password and creates the mailbox at the first
// login.
type Dovecot struct {
	Dir      string // contains the mail in mail/USER/Maildir
	Addr     string // host:port without TLS, or with STARTTLS
	Secure   string // host:port with implicit TLS; "" without a certificate
	uid, gid int    // owner of the mail
	run      *exec.Cmd
}

// The configuration. Names in capitals are placeholders.
var (
	//go:embed dovecot.conf
	dovecotConf string
	//go:embed dovecot-tls.conf
	dovecotTLSConf string
)

// StartDovecot starts a server that accepts the password. A certificate enables TLS, and more is appended to the
// configuration. The error is Lacking if the machine has no Dovecot of a known version.
func StartDovecot(password string, cert *tls.Certificate, more string) (*Dovecot, error) {
	binary, err := findDovecot()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dc") // a short name, because the length of socket paths is limited
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

// owner returns the owner of the mail. It is not root, for which Dovecot refuses to work.
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

// Folder creates a folder below Dir with the owner of the mail, and returns its path.
func (d *Dovecot) Folder(name string) (string, error) {
	return filepath.Join(d.Dir, name), folder(d.Dir, name, 0o700, d.uid, d.gid)
}

// Own changes the owner of a file to the owner of the mail.
func (d *Dovecot) Own(path string) error { return os.Chown(path, d.uid, d.gid) }

// Stop ends the server and removes its mail.
func (d *Dovecot) Stop() {
	if d.run != nil && d.run.Process != nil {
		_ = d.run.Process.Signal(syscall.SIGTERM)
		_ = d.run.Wait()
	}
	_ = os.RemoveAll(d.Dir)
}
