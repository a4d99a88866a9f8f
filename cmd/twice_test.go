package cmd

import (
	"fmt"
	"strings"
	"testing"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// A poll opens its state twice, before and after it looks into the mailboxes, but connects to the database once. The
// second opening sees what another host wrote in between; if the connection broke in between, it connects again.
func TestAPollConnectsOnce(t *testing.T) {
	db := sharedDatabase(t)
	for _, c := range []struct {
		name     string
		between  func(d *drive)
		connects int
		letters  int
	}{
		{"nobody else", func(*drive) {}, 1, 1},
		{"another host", func(d *drive) { d.must(exit.Done, "exclude", "add", "@romashka.example") }, 1, 0},
		{"cut", func(d *drive) {
			sql(t, db.Postgres, db.cut())
		}, 2, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDrive(t, sandbox.PortalOptions{}, "")
			port := fmt.Sprint("127.0.0.1:", db.Port)
			near, err := mail.NewProxy(port)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = near.Close() })
			schema := strings.ReplaceAll(c.name, " ", "_")
			direct := db.address() + "?sslmode=disable&search_path=" + schema
			address := strings.Replace(direct, port, near.Addr(), 1)
			if address == direct {
				t.Fatal(direct)
			}
			d.keep(address)
			d.must(exit.Done, "poll")
			d.letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print.")
			done := false
			d.imap.Inject(func(name, _ string) error {
				if strings.HasSuffix(name, "SEARCH") && !done {
					done = true
					d.keep(direct)
					c.between(d)
				}
				return nil
			})
			before := near.Taken()
			d.must(exit.Done, "poll")
			if n := near.Taken() - before; !done || n != c.connects {
				t.Errorf("%d connections, want %d", n, c.connects)
			}
			if tasks, letters := len(d.portal.Tasks()), len(d.mailed()); tasks != 1 || letters != c.letters {
				t.Errorf("%d tasks, %d letters, want 1 and %d", tasks, letters, c.letters)
			}
			n, err := db.SQL(db.name, "select count(*) from pg_locks join pg_database d on d.oid = database "+
				"where locktype = 'advisory' and datname = current_database()")
			if n != "0" || err != nil {
				t.Errorf("%s locks are left, %v", n, err)
			}
		})
	}
}
