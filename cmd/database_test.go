package cmd

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"helpdesk/internal/servers"
)

// cmdDatabase is the script command that starts PostgreSQL or changes it.
func cmdDatabase(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	s := sceneOf(ts)
	if len(args) == 0 {
		p, err := startDatabase()
		ts.Check(err)
		ts.Defer(p.Stop)
		s.db = p
		ts.Setenv("DATABASE", p.Address("postgres", "", "helpdesk"))
		ts.Setenv("HELPDESK_STATE", p.Address("helpdesk", dbSecret, "helpdesk"))
		file := ts.MkAbs("helpdesk.yaml")
		text, err := os.ReadFile(file)
		ts.Check(err)
		ts.Check(os.WriteFile(file, []byte(strings.Replace(string(text), "state: helpdesk.db",
			"state: ${HELPDESK_STATE}", 1)), 0o600))
		return
	}
	switch args[0] {
	case "stop":
		s.db.Halt()
	case "kill":
		s.db.Kill()
	case "start":
		ts.Check(s.db.Start())
	case "sql":
		_, err := s.db.SQL("helpdesk", args[1])
		ts.Check(err)
	default:
		ts.Fatalf("database %s is not known", args[0])
	}
}

// startDatabase starts a PostgreSQL with a database helpdesk; its user helpdesk has a password.
func startDatabase(settings ...string) (*servers.Postgres, error) {
	p, err := servers.StartPostgres(nil, settings...)
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
