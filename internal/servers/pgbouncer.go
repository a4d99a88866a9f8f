package servers

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Pooler is a running PgBouncer in front of a PostgreSQL.
type Pooler struct {
	dir  string
	port int
	run  *exec.Cmd
}

const poolerConfiguration = `[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = %s
`

// StartPooler starts a PgBouncer in front of the server. mode is session, transaction or statement, and user may log
// in. The error is Lacking if the machine has no PgBouncer.
func (p *Postgres) StartPooler(mode, user, password string) (*Pooler, error) {
	binary, err := Find("pgbouncer", "package pgbouncer")
	if err != nil {
		return nil, err
	}
	b := &Pooler{}
	if b.port, err = FreePort(); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "pb"); err != nil {
		return nil, err
	}
	users := filepath.Join(b.dir, "users")
	for name, text := range map[string]string{
		"users": fmt.Sprintf("%q %q\n", user, password),
		"ini":   fmt.Sprintf(poolerConfiguration, p.Port, b.port, users, mode)} {
		path := filepath.Join(b.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, err
		}
		if err := os.Chown(path, p.uid, p.gid); err != nil {
			return nil, err
		}
	}
	if err := folder(b.dir, "", 0o755, p.uid, p.gid); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(b.dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	b.run = exec.Command(binary, filepath.Join(b.dir, "ini"))
	b.run.Dir, b.run.Stdout, b.run.Stderr = b.dir, log, log
	as(b.run, p.uid, p.gid)
	if err := b.run.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", at(b.port)); err == nil {
			return b, c.Close()
		}
	}
	said, _ := os.ReadFile(log.Name())
	b.Stop()
	return nil, fmt.Errorf("no answer from pgbouncer; its log:\n%s", said)
}

// Address returns the address of a database, through the pooler.
func (b *Pooler) Address(user, password, database string) string {
	u := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(user, password),
		Host:   "127.0.0.1:" + strconv.Itoa(b.port),
		Path:   "/" + database,
	}
	return u.String()
}

// Stop stops the pooler.
func (b *Pooler) Stop() {
	_ = b.run.Process.Signal(syscall.SIGKILL)
	_ = b.run.Wait()
	_ = os.RemoveAll(b.dir)
}
