package servers

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Postgres is a running PostgreSQL. Its superuser postgres needs no password over the socket in Dir; TCP connections
// require a password.
type Postgres struct {
	Dir      string // contains the socket, the log and the folder data
	Port     int    // port on 127.0.0.1, and part of the socket's name
	bin      string // folder of its programs
	uid, gid int    // the user that runs it
	settings []string
	run      *exec.Cmd
}

// StartPostgres starts an empty server. Each setting is a line of postgresql.conf, and a certificate enables TLS. The
// error is Lacking if the machine has no PostgreSQL.
func StartPostgres(cert *tls.Certificate, settings ...string) (*Postgres, error) {
	p, err := preparePostgres()
	if err != nil {
		return nil, err
	}
	p.settings = settings
	if err := p.create(cert); err != nil {
		p.Stop()
		return nil, fmt.Errorf("start postgresql: %w", err)
	}
	return p, nil
}

// FindPostgres returns the folder with the programs of the newest PostgreSQL, or Lacking.
func FindPostgres() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return "", Lacking("no PostgreSQL on this machine (package postgresql)")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// preparePostgres finds the newest PostgreSQL and creates a folder for the user that will run it.
func preparePostgres() (*Postgres, error) {
	bin, err := FindPostgres()
	if err != nil {
		return nil, err
	}
	p := &Postgres{bin: bin, uid: os.Getuid(), gid: os.Getgid()}
	if p.uid == 0 { // it refuses to run as root
		who, err := user.Lookup("postgres")
		if err != nil {
			who, err = user.Lookup("nobody")
		}
		if err != nil {
			return nil, Lacking(err.Error())
		}
		if p.uid, err = strconv.Atoi(who.Uid); err == nil {
			p.gid, err = strconv.Atoi(who.Gid)
		}
		if err != nil {
			return nil, err
		}
	}
	if p.Port, err = FreePort(); err != nil {
		return nil, err
	}
	if p.Dir, err = os.MkdirTemp("", "pg"); err != nil { // a short name: socket paths are limited
		return nil, err
	}
	return p, folder(p.Dir, "", 0o755, p.uid, p.gid)
}

func (p *Postgres) create(cert *tls.Certificate) error {
	if err := p.fill(); err != nil {
		return err
	}
	access := "local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
	if err := p.write("pg_hba.conf", access); err != nil {
		return err
	}
	// A standby whose primary is gone waits for wal_retrieve_retry_interval when it is promoted, in milliseconds.
	conf := "listen_addresses = '127.0.0.1'\nmax_connections = 60\nshared_buffers = 32MB\n" +
		"fsync = off\nfull_page_writes = off\n" +
		"wal_level = replica\nmax_wal_senders = 4\nhot_standby = on\nautovacuum_naptime = 5\n" +
		"wal_retrieve_retry_interval = 100\n"
	if cert != nil {
		conf += "ssl = on\nssl_cert_file = 'cert.pem'\nssl_key_file = 'key.pem'\n"
		if err := writeCertificate(p.data(), *cert); err != nil {
			return err
		}
		for _, name := range []string{"cert.pem", "key.pem"} {
			if err := os.Chown(filepath.Join(p.data(), name), p.uid, p.gid); err != nil {
				return err
			}
		}
	}
	if err := p.write("postgresql.conf", conf+strings.Join(p.settings, "\n")+"\n"); err != nil {
		return err
	}
	return p.Start()
}

func (p *Postgres) data() string { return filepath.Join(p.Dir, "data") }

func (p *Postgres) write(name, text string) error {
	path := filepath.Join(p.data(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Chown(path, p.uid, p.gid)
}

// Start starts the server again after Halt or Kill.
func (p *Postgres) Start() error {
	log, err := os.OpenFile(filepath.Join(p.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	p.run = exec.Command(filepath.Join(p.bin, "postgres"), "-D", p.data(), "-k", p.Dir, "-p", strconv.Itoa(p.Port))
	p.run.Dir, p.run.Stdout, p.run.Stderr = p.Dir, log, log
	as(p.run, p.uid, p.gid)
	if err := p.run.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if p.tool("pg_isready", "-q", "-h", p.Dir, "-p", strconv.Itoa(p.Port)) == nil {
			return nil
		}
	}
	said, _ := os.ReadFile(filepath.Join(p.Dir, "log"))
	return fmt.Errorf("no answer from postgresql; its log:\n%s", said)
}

// Standby starts a replica of the server, created by pg_basebackup. Its name in synchronous_standby_names is standby.
func (p *Postgres) Standby() (*Postgres, error) {
	s, err := preparePostgres()
	if err != nil {
		return nil, err
	}
	from := fmt.Sprintf("host=%s port=%d user=postgres application_name=standby", p.Dir, p.Port)
	err = s.tool("pg_basebackup", "-D", s.data(), "-d", from, "-R", "-X", "stream", "-c", "fast", "--no-sync")
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		s.Stop()
		return nil, fmt.Errorf("start standby: %w", err)
	}
	return s, nil
}

// Promote makes a standby an independent server.
func (p *Postgres) Promote() error {
	return p.tool("pg_ctl", "promote", "-w", "-s", "-D", p.data())
}

// Address returns the address of a database for a user. Without a password it uses the socket.
func (p *Postgres) Address(user, password, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + database}
	if password == "" {
		u.RawQuery = url.Values{"host": {p.Dir}, "port": {strconv.Itoa(p.Port)}}.Encode()
	} else {
		u.User, u.Host = url.UserPassword(user, password), at(p.Port)
	}
	return u.String()
}

// SQL runs statements as the superuser and returns their output without headings.
func (p *Postgres) SQL(database, statements string) (string, error) {
	c := exec.Command(filepath.Join(p.bin, "psql"), "-h", p.Dir, "-p", strconv.Itoa(p.Port), "-U", "postgres", "-d",
		database,
		"-v", "ON_ERROR_STOP=1", "-qAtX", "-c", statements)
	c.Dir = p.Dir
	as(c, p.uid, p.gid)
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", statements, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// tool runs one of the server's programs as the server's user.
func (p *Postgres) tool(name string, args ...string) error {
	c := exec.Command(filepath.Join(p.bin, name), args...)
	c.Dir = p.Dir
	as(c, p.uid, p.gid)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// Halt stops the server as an administrator does: it closes sessions and writes everything to disk.
func (p *Postgres) Halt() { p.end(syscall.SIGINT) }

// Kill stops the server immediately, like a power failure.
func (p *Postgres) Kill() { p.end(syscall.SIGQUIT) }

func (p *Postgres) end(sig syscall.Signal) {
	if p.run != nil && p.run.Process != nil {
		_ = p.run.Process.Signal(sig)
		_ = p.run.Wait()
		p.run = nil
	}
}

// Stop stops the server and removes its data.
func (p *Postgres) Stop() {
	p.Kill()
	_ = os.RemoveAll(p.Dir)
}
