package cmd

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"helpdesk/internal/servers"
)

// cmdDatabase is the script command that makes a database or changes it.
func cmdDatabase(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	s := sceneOf(ts)
	if len(args) == 0 {
		db, err := newDatabase()
		ts.Check(err)
		s.keepIn(ts, db)
		return
	}
	switch args[0] {
	case "own":
		p, err := startDatabase()
		ts.Check(err)
		ts.Defer(p.Stop)
		s.keepIn(ts, base{p, "helpdesk"})
	case "stop":
		if s.db.Postgres == running.Load() {
			ts.Fatalf("other tests use this server")
		}
		s.db.Halt()
	case "start":
		ts.Check(s.db.Start())
	case "passfile": // puts the password into a file, which the file next to the configuration names
		line := fmt.Sprintf("127.0.0.1:%d:%s:helpdesk:%s\n", s.db.Port, s.db.name, dbSecret)
		ts.Check(os.WriteFile(ts.MkAbs("pgpass"), []byte(line), 0o600))
		ts.Check(os.WriteFile(ts.MkAbs("helpdesk.env"), []byte("PGPASSFILE='"+ts.MkAbs("pgpass")+"'\n"), 0o600))
	case "sql":
		_, err := s.db.SQL(s.db.name, args[1])
		ts.Check(err)
	default:
		ts.Fatalf("database %s is not known", args[0])
	}
}

// keepIn lets helpdesk.yaml put the state into a database.
func (s *scene) keepIn(ts *testscript.TestScript, db base) {
	s.db = db
	ts.Setenv("DATABASE", db.Address("postgres", "", db.name))
	ts.Setenv("HELPDESK_STATE", db.address())
	ts.Setenv("PASSWORDLESS", strings.Replace(db.address(), ":"+dbSecret, "", 1))
	file := ts.MkAbs("helpdesk.yaml")
	text, err := os.ReadFile(file)
	ts.Check(err)
	ts.Check(os.WriteFile(file, []byte(strings.Replace(string(text), "state: helpdesk.db",
		"state: ${HELPDESK_STATE}", 1)), 0o600))
}

// base is a database of a server that other tests may use too.
type base struct {
	*servers.Postgres
	name string
}

// address returns the address for the user helpdesk, with the password.
func (b base) address() string { return b.Address("helpdesk", dbSecret, b.name) }

// cut returns the statement that ends the sessions of helpdesk in the database.
func (b base) cut() string {
	return "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'helpdesk' and datname = '" +
		b.name + "'"
}

// The server that tests share, and the number of databases made there.
var (
	sharedServer = sync.OnceValues(func() (*servers.Postgres, error) {
		p, err := startDatabase()
		if err == nil {
			running.Store(p)
		}
		return p, err
	})
	running   atomic.Pointer[servers.Postgres]
	basesMade atomic.Int64
)

// newDatabase makes a database, owned by helpdesk, on the shared server. It starts that server at the first call.
func newDatabase() (base, error) {
	p, err := sharedServer()
	if err != nil {
		return base{}, err
	}
	b := base{p, fmt.Sprint("base", basesMade.Add(1))}
	_, err = p.SQL("postgres", "create database "+b.name+" owner helpdesk")
	return b, err
}

// sharedDatabase makes a database on the shared server. A test that stops its server uses database instead.
func sharedDatabase(t testing.TB) base {
	t.Helper()
	b, err := newDatabase()
	servers.Want(t, err)
	return b
}

// untilEnd runs the tests, and then stops the shared server. The heap of this process, in which the servers and many
// commands run, is collected less often than that of helpdesk. What is printed is in UTC, wherever the machine is.
type untilEnd struct{ *testing.M }

func (m untilEnd) Run() int {
	debug.SetGCPercent(400)
	time.Local = time.UTC
	status := m.M.Run()
	if p := running.Load(); p != nil {
		p.Stop()
	}
	return status
}

// startDatabase starts a PostgreSQL with a database helpdesk; its user helpdesk has a password.
func startDatabase(settings ...string) (*servers.Postgres, error) {
	p, err := servers.StartPostgres(nil, append(settings, "autovacuum_naptime = 60")...)
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{"create role helpdesk login password '" + dbSecret + "'",
		"create database helpdesk owner helpdesk"} {
		if _, err := p.SQL("postgres", sql); err != nil {
			p.Stop()
			return nil, err
		}
	}
	return p, nil
}

// database starts a PostgreSQL for a test.
func database(t testing.TB, settings ...string) *servers.Postgres {
	t.Helper()
	p, err := startDatabase(settings...)
	servers.Want(t, err)
	t.Cleanup(p.Stop)
	return p
}
