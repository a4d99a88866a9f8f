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
)

// Postfix is a running SMTP server. It delivers mail for example.org to a single mailbox and refuses all other mail.
type Postfix struct {
	Dir    string // contains the folder etc and the file log
	Addr   string // host:port, with STARTTLS
	Box    string // folder of the delivered letters, one file each
	binary string
}

// The configuration. Names in capitals are placeholders.
var (
	//go:embed main.cf
	postfixMain string
	//go:embed master.cf
	postfixMaster string
)

// StartPostfix starts a server with the certificate. main is appended to main.cf, and files are written next to it; DIR
// in them is replaced by the server's folder. The error is Lacking if the machine has no Postfix, or if this user may
// not start it.
func StartPostfix(cert tls.Certificate, main string, files map[string]string) (*Postfix, error) {
	if os.Getuid() != 0 {
		return nil, Lacking("a Postfix of one's own must be started by root")
	}
	binary, err := Find("postfix", "package postfix")
	if err != nil {
		return nil, err
	}
	owner, err := user.Lookup("postfix")
	if err != nil {
		return nil, Lacking(err.Error())
	}
	dir, err := os.MkdirTemp("", "pf")
	if err != nil {
		return nil, err
	}
	p := &Postfix{Dir: dir, Box: filepath.Join(dir, "mail", "box", "new"), binary: binary}
	if err := p.start(owner, cert, main, files); err != nil {
		p.Stop()
		return nil, fmt.Errorf("start postfix: %w", err)
	}
	return p, nil
}

func (p *Postfix) start(owner *user.User, cert tls.Certificate, main string, files map[string]string) error {
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	for sub, uid := range map[string]int{"": -1, "etc": -1, "queue": -1, "data": uid, "mail": uid} {
		if err := folder(p.Dir, sub, 0o755, uid, -1); err != nil {
			return err
		}
	}
	if err := writeCertificate(p.Dir, cert); err != nil {
		return err
	}
	port, err := FreePort()
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("DIR", p.Dir, "PORT", strconv.Itoa(port), "OWNERID", owner.Uid)
	all := map[string]string{"main.cf": postfixMain + main, "master.cf": postfixMaster}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(p.Dir, "etc", name), []byte(fill.Replace(text)), 0o644); err != nil {
			return err
		}
	}
	if out, err := exec.Command(p.binary, "-c", filepath.Join(p.Dir, "etc"), "start").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	p.Addr = at(port)
	return await(p.Addr, false, filepath.Join(p.Dir, "log"))
}

// Stop stops the server and removes its mail.
func (p *Postfix) Stop() {
	if p.Addr != "" {
		_ = exec.Command(p.binary, "-c", filepath.Join(p.Dir, "etc"), "stop").Run()
	}
	_ = os.RemoveAll(p.Dir)
}
